import { type BalancerSettings } from './balancer.ts'
import { breakerDefaults, type BreakerSettings } from './breaker.ts'
import { ejectionDefaults } from './ejection.ts'
import { loadDefaults } from './load.ts'
import { localityDefaults } from './locality.ts'
import type { PolicyName } from './policies/by-name.ts'
import { retryBudgetDefaults, type RetryBudgetSettings } from './retry-budget.ts'
import { retryDefaults, type RetrySettings } from './retry.ts'
import { subsetDefaults } from './subset.ts'
import { transportDefaults, type TransportSettings } from './transport.ts'
import type { TransportName } from './transports.ts'

export interface MeshSettings {
  /** For a call that names none, and never more than what its caller still waits. */
  deadlineMs: number
  /** Requests in flight to one service; more are refused at once. */
  maxPending: number
  /** The share of them that one operation may have: slow calls of one must leave room for the others. */
  maxOperationShare: number
  /** More operations than this share one breaker: their names are then hardly names. */
  maxOperations: number
  /** Services that are known at once. For one more an idle one gives way, which is found again when it is asked. */
  maxTargets: number
  /** A service that is not asked for so long is let go of, unless it is watched on purpose. */
  idleMs: number
  /** How long `close` waits for requests in flight. */
  closeTimeoutMs: number
  /** How an endpoint is chosen. */
  policy: PolicyName
  balancer: BalancerSettings
  breaker: BreakerSettings
  retry: RetrySettings
  retryBudget: RetryBudgetSettings
  /** Reads that are slower than 95 % of their kind are sent to a second instance as well, as far as this budget goes. */
  hedge: { isOn: boolean; budget: RetryBudgetSettings }
  /** How instances are talked to that speak it; all speak `http1`. */
  transportName: TransportName
  transport: TransportSettings
}

export const meshDefaults: MeshSettings = {
  deadlineMs: 2000,
  maxPending: 256,
  maxOperationShare: 0.5,
  maxOperations: 200,
  maxTargets: 20,
  idleMs: 600_000,
  closeTimeoutMs: 2000,
  policy: 'load',
  balancer: {
    load: loadDefaults,
    ejection: ejectionDefaults,
    panicShare: 0.5,
    slowStart: { windowMs: 30_000, floor: 0.1 },
    locality: localityDefaults,
    subset: subsetDefaults,
  },
  breaker: breakerDefaults,
  retry: retryDefaults,
  retryBudget: retryBudgetDefaults,
  hedge: { isOn: false, budget: { share: 0.05, ttlMs: 10_000, minPerS: 0 } },
  transportName: 'http1',
  transport: transportDefaults,
}
