import { readLatency } from '../load.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/** By the peak EWMA of the round trips alone: the nearest, also when it is busy. For few, expensive calls. */
export function byLatency({ random, load }: PolicyDeps): Policy {
  return createTwoChoices(random, (endpoint, nowMs) => readLatency(endpoint.load, nowMs, load))
}
