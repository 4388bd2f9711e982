import type { Outcome } from './ejection.ts'
import type { Endpoint } from './endpoint.ts'

/** Upper bounds of the buckets of round trips, in seconds; what is longer has no bound. */
export const RTT_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** What one endpoint was asked by this process, since it joined. */
export interface EndpointCounts {
  ended: number
  /** Without an answer, or with one that the endpoint is to blame for. */
  failed: number
  /** Cumulative, the last one without a bound. */
  buckets: number[]
}

const counts = new WeakMap<Endpoint, EndpointCounts>()

export function countsOf(endpoint: Endpoint): EndpointCounts {
  const known = counts.get(endpoint)
  if (known !== undefined) return known
  const fresh = { ended: 0, failed: 0, buckets: new Array<number>(RTT_BOUNDS_S.length + 1).fill(0) }
  counts.set(endpoint, fresh)
  return fresh
}

/** Counts the end of a try. It allocates nothing. */
export function countTry(endpoint: Endpoint, outcome: Outcome, rttMs: number): void {
  const own = countsOf(endpoint)
  own.ended += 1
  if (outcome === 'failure') own.failed += 1
  for (let index = own.buckets.length - 1; index >= 0; index--) {
    if (rttMs / 1_000 > (RTT_BOUNDS_S[index] ?? Infinity)) return
    own.buckets[index]! += 1
  }
}
