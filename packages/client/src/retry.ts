import { ShopError } from './shop-error.ts'

/** Refusals that the same request may not meet again a moment later. */
const PASSING = new Set([
  'no-answer',
  'request-in-progress',
  'too-many-requests',
  'unavailable',
  'overloaded',
  'deadline-exceeded',
])

export interface RetrySettings {
  /** How often a request is sent in all. */
  maxTries: number
  /** The wait before the second try, in ms; it doubles, up to `maxDelayMs`, less a random half. `Retry-After` is honoured up to that, too. */
  firstDelayMs: number
  maxDelayMs: number
}

export const RETRY: RetrySettings = { maxTries: 4, firstDelayMs: 200, maxDelayMs: 5_000 }

/** Whether the same request may be answered a moment later. */
export function isPassing(error: unknown): error is ShopError {
  return error instanceof ShopError && (PASSING.has(error.slug) || error.status === 502)
}

/** How long (ms) to wait before the try after this one; undefined where another would be in vain. */
export function delayBeforeNext(
  error: unknown,
  tries: number,
  { maxTries, firstDelayMs, maxDelayMs }: RetrySettings,
  random = Math.random,
): number | undefined {
  if (!isPassing(error) || tries >= maxTries) return undefined
  if ((error.retryAfterMs ?? 0) > maxDelayMs) return undefined
  const backoff = Math.min(maxDelayMs, firstDelayMs * 2 ** (tries - 1))
  return Math.max(error.retryAfterMs ?? 0, backoff * (1 - random() / 2))
}

/** @throws what aborted the signal */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
