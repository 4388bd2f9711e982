import { type Endpoint, weighedLoad } from '../endpoint.ts'
import type { Policy, PolicyDeps } from './policy.ts'

/**
 * Power of two choices: the better of two distinct random candidates, by rank and then by load.
 *
 * Two looks avoid the slow endpoint nearly as well as looking at all of them, and unlike "the least
 * loaded" they do not send every caller of the fleet to the same one.
 */
export function createPowerOfTwo({ random, load }: PolicyDeps): Policy {
  function better(a: Endpoint, b: Endpoint, nowMs: number): Endpoint {
    if (a.rank !== b.rank) return a.rank < b.rank ? a : b
    return weighedLoad(b, nowMs, load) < weighedLoad(a, nowMs, load) ? b : a
  }

  return (candidates, { tried, nowMs }) => {
    // A retry looks at two as well: the best of all is where every other retry goes too.
    const left =
      tried.length === 0 ? candidates : candidates.filter((candidate) => !tried.includes(candidate))
    const count = left.length
    if (count < 2) return left[0]
    const first = Math.floor(random() * count)
    const other = Math.floor(random() * (count - 1))
    return better(left[first]!, left[other >= first ? other + 1 : other]!, nowMs)
  }
}
