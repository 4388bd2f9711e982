import type { Policy } from './policy.ts'

/** One after the other. Ignores load: for calls that cost the same everywhere. */
export function roundRobin(): Policy {
  let turn = -1
  return (candidates, { tried }) => {
    for (let step = 0; step < candidates.length; step++) {
      turn = (turn + 1) % candidates.length
      const candidate = candidates[turn]!
      if (!tried.includes(candidate)) return candidate
    }
    return undefined
  }
}
