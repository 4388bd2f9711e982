import type { Endpoint } from '../endpoint.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/** Up to this many are all looked at; of more, two. */
const ALL = 8

/** The fewest requests in flight for its weight. */
export function leastConnections({ random }: PolicyDeps): Policy {
  const score = ({ pending, weight }: Endpoint) => (pending + 1) / weight
  const ofTwo = createTwoChoices(random, score)
  let turn = 0
  return (candidates, choice) => {
    if (candidates.length > ALL) return ofTwo(candidates, choice)
    let best: Endpoint | undefined
    // Begins with another one each time, so that equals take turns.
    turn = (turn + 1) % Math.max(1, candidates.length)
    for (let step = 0; step < candidates.length; step++) {
      const candidate = candidates[(turn + step) % candidates.length]!
      if (choice.tried.includes(candidate)) continue
      if (best === undefined || score(candidate) < score(best)) best = candidate
    }
    return best
  }
}
