import type { Endpoint } from '../endpoint.ts'
import type { LoadSettings } from '../load.ts'

export interface PolicyDeps {
  /** Below 1, as Math.random. */
  random: () => number
  load: LoadSettings
}

/**
 * Chooses among candidates one that was not tried yet; undefined when all were.
 *
 * A first choice (`tried` is empty) costs the same however many candidates there are.
 */
export type Policy = (
  candidates: readonly Endpoint[],
  about: { tried: readonly Endpoint[]; nowMs: number },
) => Endpoint | undefined
