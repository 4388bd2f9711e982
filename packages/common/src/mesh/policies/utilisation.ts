import type { Policy, PolicyDeps } from './policy.ts'
import { createTwoChoices } from './two-choices.ts'

/**
 * By what the instances report of themselves (`lepton-utilisation`, 0 to 1), which all callers of a fleet share. Each
 * request in flight of our own since then counts as a hundredth. Source: the ORCA reports of gRPC.
 */
export function byUtilisation({ random }: PolicyDeps): Policy {
  return createTwoChoices(
    random,
    ({ utilisation, pending, weight }) => (utilisation + pending / 100) / Math.max(weight, 0.01),
  )
}
