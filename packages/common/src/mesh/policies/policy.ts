import type { Endpoint } from '../endpoint.ts'
import type { LoadSettings } from '../load.ts'

export interface PolicyDeps {
  /** Below 1, as Math.random. */
  random: () => number
  load: LoadSettings
}

interface Choice {
  /** What was tried already for this request. */
  tried: readonly Endpoint[]
  nowMs: number
  /** Requests in flight to all endpoints together. */
  inFlight: number
  /** Requests of one key go to one endpoint, by a policy that hashes. */
  key?: string | undefined
}

/**
 * Chooses among candidates one that was not tried yet; undefined when all were. The array of candidates is another one
 * whenever they, or their weights, have changed.
 *
 * A first choice (`tried` is empty) costs the same however many candidates there are.
 */
export type Policy = (candidates: readonly Endpoint[], choice: Choice) => Endpoint | undefined

/** Candidates that were not tried. */
export function untried(candidates: readonly Endpoint[], tried: readonly Endpoint[]): readonly Endpoint[] {
  return tried.length === 0 ? candidates : candidates.filter((candidate) => !tried.includes(candidate))
}
