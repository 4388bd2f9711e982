import { readLatency } from '../load.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/** By the peak EWMA of the round trips alone: the nearest, also when it is busy. For few, expensive calls. */
export function byLatency({ random, load }: PolicyDeps): Policy {
  return createTwoChoices(random, ({ load: seen, pending }, nowMs) => {
    // One that was never asked is tried once: what it takes is not known otherwise.
    if (!seen.hasHistory && pending === 0) return 0
    return readLatency(seen, nowMs, load)
  })
}
