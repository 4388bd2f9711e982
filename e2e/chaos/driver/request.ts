import type { ShopAnswer, ShopClient } from '@lepton/testing/shop-client'
import type { Completion } from '../history.ts'

export interface Call {
  method: 'GET' | 'POST'
  path: string
  token: string
  key?: string
  body?: unknown
}

/** Nothing left this machine, so nothing can have happened. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/** Asks the shop, and says honestly what is known about it afterwards. */
export async function request(
  client: ShopClient,
  { token, method, path, ...rest }: Call,
): Promise<Completion> {
  const headers = { authorization: `Bearer ${token}` }
  try {
    return completionOf(method, await client.ask(method, `/api/v1${path}`, { ...rest, headers }))
  } catch (error) {
    const { code = 'none', message } = error as NodeJS.ErrnoException
    const outcome = method === 'GET' || NEVER_SENT.has(code) ? 'fail' : 'info'
    return { outcome, error: `${code}: ${message}`.slice(0, 200) }
  }
}

/** Below 500 the shop has decided; from there on it may have changed its state before it failed. */
function completionOf(method: string, { status, body }: ShopAnswer): Completion {
  if (status < 300) return { outcome: 'ok', status, answer: body }
  const problem = problemOf(body)
  // "Still running" says that an earlier attempt, ours or the gateway's, may yet succeed.
  const isDecided = status < 500 && problem !== 'request-in-progress'
  const outcome = isDecided || method === 'GET' ? 'fail' : 'info'
  return { outcome, status, ...(problem !== undefined && { problem }) }
}

function problemOf(body: unknown): string | undefined {
  const { type } = (body ?? {}) as { type?: unknown }
  return typeof type === 'string' ? type.replace('/problems/', '') : undefined
}
