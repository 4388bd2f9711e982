import { readFileSync } from 'node:fs'
import { listRegistrations, type Registration } from './consul.ts'

const ANSWER_TIMEOUT_MS = 2_000
const REUSE_MS = 40

/**
 * What Consul lists, asked at most once per moment however many instances are waited for. The token is the one of a given
 * Consul, which may show nothing without.
 */
export function createRegistry(address: string, tokenFile?: string) {
  let askedAt = 0
  let answer: Promise<Registration[]> = Promise.resolve([])
  return async (instance: string): Promise<Registration[]> => {
    if (Date.now() - askedAt > REUSE_MS) {
      askedAt = Date.now()
      answer = listRegistrations(address, tokenIn(tokenFile)).catch(() => [])
    }
    return (await answer).filter((registration) => registration.instance === instance)
  }
}

/** Read each time: a token may be replaced. */
function tokenIn(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8').trim()
}

/** The address under which an instance answers that it is ready; registrations of its dead predecessors do not answer. */
export async function readyUrl(
  candidates: { address: string; port: number; opsUrl?: string }[],
): Promise<string | undefined> {
  for (const { address, port, opsUrl } of candidates) {
    const url = `http://${address || '127.0.0.1'}:${port}`
    if (await isReady(opsUrl ?? url)) return url
  }
  return undefined
}

export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
