export interface Backoff {
  baseMs: number
  maxMs: number
}

/** The wait after `step` faults, doubled with each, without chance: for one that waits alone. */
export function doubledMs(step: number, { baseMs, maxMs }: Backoff): number {
  return Math.min(maxMs, baseMs * 2 ** step)
}

/** Full jitter: anything between nothing and the doubled step, so that many callers do not return together. */
export function fullJitterMs(step: number, backoff: Backoff, random: () => number): number {
  return random() * doubledMs(step, backoff)
}

/** Equal jitter: never less than half the doubled step. */
export function equalJitterMs(step: number, backoff: Backoff, random: () => number): number {
  const half = doubledMs(step, backoff) / 2
  return half + random() * half
}
