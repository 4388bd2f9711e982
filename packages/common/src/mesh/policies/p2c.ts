import { type Endpoint, weighedLoad } from '../endpoint.ts'
import { type LoadSettings, loadDefaults } from '../load.ts'
import type { Policy } from './policy.ts'

/**
 * Power of two choices: the better of two distinct random candidates, by rank and then by load.
 *
 * Two looks avoid the slow endpoint nearly as well as looking at all of them, and unlike "the least
 * loaded" they do not send every caller of the fleet to the same one.
 */
export function createPowerOfTwo({
  random = Math.random,
  load = loadDefaults,
}: { random?: () => number; load?: LoadSettings } = {}): Policy {
  function better(a: Endpoint, b: Endpoint, nowMs: number): Endpoint {
    if (a.rank !== b.rank) return a.rank < b.rank ? a : b
    return weighedLoad(b, nowMs, load) < weighedLoad(a, nowMs, load) ? b : a
  }

  return (candidates, { tried, nowMs }) => {
    const count = candidates.length
    if (tried.length > 0) {
      return candidates
        .filter((candidate) => !tried.includes(candidate))
        .reduce<Endpoint | undefined>((best, next) => (best ? better(best, next, nowMs) : next), undefined)
    }
    if (count < 2) return candidates[0]
    const first = Math.floor(random() * count)
    const other = Math.floor(random() * (count - 1))
    return better(candidates[first]!, candidates[other >= first ? other + 1 : other]!, nowMs)
  }
}
