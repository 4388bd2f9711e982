import { readSuccess } from '../load.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/** Requests in flight weigh less than a hundredth of a failure. */
const PENDING = 1e-4

/** By the share of recent calls that succeeded; among equals by requests in flight. For calls that must not fail. */
export function byAvailability({ random, load }: PolicyDeps): Policy {
  return createTwoChoices(
    random,
    (endpoint, nowMs) => endpoint.pending * PENDING - readSuccess(endpoint.load, nowMs, load),
  )
}
