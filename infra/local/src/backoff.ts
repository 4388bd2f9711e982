export interface Backoff {
  firstDelayMs: number
  maxDelayMs: number
  resetAfterMs: number
}

/** The wait before restart number `attempt` (from 1): doubling, bounded, and spread so that victims of one fault part. */
export function backoffMs(
  attempt: number,
  { firstDelayMs, maxDelayMs }: Backoff,
  random = Math.random,
): number {
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(full * (0.5 + random() / 2))
}
