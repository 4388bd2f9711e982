import { type BalancerSettings } from './balancer.ts'
import { breakerDefaults, type BreakerSettings } from './breaker.ts'
import { ejectionDefaults } from './ejection.ts'
import { loadDefaults } from './load.ts'
import { createPowerOfTwo } from './policies/p2c.ts'
import type { Policy, PolicyDeps } from './policies/policy.ts'
import { retryBudgetDefaults, type RetryBudgetSettings } from './retry-budget.ts'
import { retryDefaults, type RetrySettings } from './retry.ts'
import { transportDefaults, type TransportSettings } from './transport.ts'

export interface MeshSettings {
  /** For a call that names none, and never more than what its caller still waits. */
  deadlineMs: number
  /** Requests under way to one service; more are refused at once. */
  maxPending: number
  /** More operations than this share one breaker: their names are then hardly names. */
  maxOperations: number
  /** How long `close` waits for requests under way. */
  closeTimeoutMs: number
  /** Made for each service, since a policy may remember. */
  policy: (deps: PolicyDeps) => Policy
  balancer: BalancerSettings
  breaker: BreakerSettings
  retry: RetrySettings
  retryBudget: RetryBudgetSettings
  transport: TransportSettings
}

export const meshDefaults: MeshSettings = {
  deadlineMs: 2000,
  maxPending: 256,
  maxOperations: 200,
  closeTimeoutMs: 2000,
  policy: createPowerOfTwo,
  balancer: { load: loadDefaults, ejection: ejectionDefaults, panicShare: 0.5 },
  breaker: breakerDefaults,
  retry: retryDefaults,
  retryBudget: retryBudgetDefaults,
  transport: transportDefaults,
}
