import { weighedLoad } from '../endpoint.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/** By what one more request would meet: latency, requests in flight, success rate and weight in one figure. The default. */
export function byLoad({ random, load }: PolicyDeps): Policy {
  return createTwoChoices(random, (endpoint, nowMs) => weighedLoad(endpoint, nowMs, load))
}
