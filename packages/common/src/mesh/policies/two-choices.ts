import { type Endpoint, isBetter, isWorse } from '../endpoint.ts'
import { type Policy, untried } from './policy.ts'

/**
 * The better of two distinct random candidates: by their standing, then by the score, of which less is better.
 *
 * Two looks avoid the slow endpoint nearly as well as looking at all of them, and unlike "the least loaded" they do
 * not send every caller of the fleet to the same one. Source: Mitzenmacher, "The Power of Two Choices in Randomized
 * Load Balancing", 2001.
 */
export function createTwoChoices(
  random: () => number,
  score: (endpoint: Endpoint, nowMs: number) => number,
): Policy {
  function better(a: Endpoint, b: Endpoint, nowMs: number): Endpoint {
    if (isBetter(a, b)) return a
    if (isWorse(a, b)) return b
    return score(b, nowMs) < score(a, nowMs) ? b : a
  }

  return (candidates, { tried, nowMs }) => {
    // A retry looks at two as well: the best of all is where every other retry goes too.
    const left = untried(candidates, tried)
    const count = left.length
    if (count < 2) return left[0]
    const first = Math.floor(random() * count)
    const other = Math.floor(random() * (count - 1))
    return better(left[first]!, left[other >= first ? other + 1 : other]!, nowMs)
  }
}
