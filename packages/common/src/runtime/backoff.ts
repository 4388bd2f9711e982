export interface Backoff {
  baseMs: number
  maxMs: number
}

/** Full jitter: anything between nothing and the doubled step, so that many callers do not return together. */
export function fullJitterMs(step: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  return random() * Math.min(maxMs, baseMs * 2 ** step)
}

/** Equal jitter: never less than half the doubled step. */
export function equalJitterMs(step: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  const half = Math.min(maxMs, baseMs * 2 ** step) / 2
  return half + random() * half
}
