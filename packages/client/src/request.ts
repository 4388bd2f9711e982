import type { Answer, Asked, Method, PathOf, RouteOf } from './api.ts'
import { freshKey } from './fresh-key.ts'
import { delayBeforeNext, pause, RETRY, type RetrySettings } from './retry.ts'
import type { Credentials } from './session.ts'
import { errorOf, noAnswer, ShopError } from './shop-error.ts'

export interface RequestOptions {
  signal?: AbortSignal
  /** Names the change: sent twice, it is made once. By default each call has a key of its own, which its retries share. */
  idempotencyKey?: string
  /** How long one try may take, in ms. */
  timeoutMs?: number
}

export type Ask = <M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  asked: Asked<RouteOf<M, P>> & RequestOptions,
) => Promise<Answer<RouteOf<M, P>>>

interface Parts extends RequestOptions {
  params?: Record<string, string>
  query?: Record<string, string | number | undefined>
  body?: unknown
}

const TIMEOUT_MS = 10_000

/**
 * Asks the shop at `base`. What may pass (no answer, 429, 503, 504) is asked again, as the same request under the same
 * Idempotency-Key, so that a change is made once however often it is sent.
 */
export function createAsk(base: string, credentials: Credentials, retry: RetrySettings = RETRY): Ask {
  async function once(method: string, path: string, parts: Parts, key: string): Promise<unknown> {
    const timeout = AbortSignal.timeout(parts.timeoutMs ?? TIMEOUT_MS)
    const { headers, ...own } = await credentials.next(path)
    const answer = await fetch(base + pathOf(path, parts), {
      ...own,
      method,
      headers: {
        ...(headers as Record<string, string> | undefined),
        ...(parts.body !== undefined && { 'content-type': 'application/json' }),
        ...(method !== 'GET' && { 'idempotency-key': key }),
      },
      body: parts.body === undefined ? null : JSON.stringify(parts.body),
      signal: parts.signal === undefined ? timeout : AbortSignal.any([parts.signal, timeout]),
    }).catch((error: unknown) => {
      parts.signal?.throwIfAborted()
      throw noAnswer(error)
    })
    if (!answer.ok) throw await errorOf(answer)
    return answer.status === 204 ? undefined : await answer.json()
  }

  /** Typed by its callers, from the table. */
  async function ask(method: string, path: string, parts: Parts): Promise<never> {
    const key = parts.idempotencyKey ?? freshKey()
    let isRenewed = false
    for (let tries = 1; ; tries++) {
      try {
        return (await once(method, path, parts, key)) as never
      } catch (error) {
        if (error instanceof ShopError && error.slug === 'unauthenticated' && !isRenewed) {
          isRenewed = true
          await credentials.renew()
          continue
        }
        const delayMs = delayBeforeNext(error, tries, retry)
        if (delayMs === undefined) throw error
        await pause(delayMs, parts.signal)
      }
    }
  }
  return ask
}

/** The path with its parameters and its query, each written so that it stays one value. */
function pathOf(path: string, { params = {}, query = {} }: Pick<Parts, 'params' | 'query'>): string {
  const filled = path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''))
  const asked = Object.entries(query).filter(([, value]) => value !== undefined)
  if (asked.length === 0) return filled
  return `${filled}?${new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
