import { byAvailability } from './availability.ts'
import { consistentHash } from './consistent-hash.ts'
import { byLatency } from './latency.ts'
import { leastConnections } from './least-connections.ts'
import { byLoad } from './load.ts'
import type { Policy, PolicyDeps } from './policy.ts'
import { atRandom } from './random.ts'
import { roundRobin } from './round-robin.ts'
import { byUtilisation } from './utilisation.ts'
import { weighted } from './weighted.ts'

/** How an endpoint is chosen, by the name that a setting has for it. */
export const POLICIES = {
  round_robin: roundRobin,
  random: atRandom,
  weighted,
  least_connections: leastConnections,
  consistent_hash: consistentHash,
  load: byLoad,
  latency: byLatency,
  availability: byAvailability,
  utilisation: byUtilisation,
} as const satisfies Record<string, (deps: PolicyDeps) => Policy>

export type PolicyName = keyof typeof POLICIES

export const POLICY_NAMES = Object.keys(POLICIES) as [PolicyName, ...PolicyName[]]
