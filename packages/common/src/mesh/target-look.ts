import type { BreakerState } from './breaker.ts'
import { countsOf } from './endpoint-counts.ts'
import type { Standing } from './endpoint.ts'
import type { PolicyName } from './policies/by-name.ts'
import type { Target } from './target.ts'
import type { TransportName } from './transports.ts'

/** A service as one caller sees it at this moment. */
export interface TargetLook {
  target: string
  policy: PolicyName
  /** Retries that would be allowed now. */
  budget: number
  /** Whether health is ignored, since too few endpoints are healthy. */
  is_panicking: boolean
  endpoints: {
    instance: string
    /** How it is spoken to; null where it was not yet. */
    transport: TransportName | null
    is_encrypted: boolean | null
    standing: Standing
    /** Until when it is left alone, in ms from now; null where it is not ejected. */
    ejected_ms: number | null
    weight: number
    pending: number
    ended: number
    failed: number
    buckets: number[]
  }[]
  /** Those that are not closed. */
  breakers: { operation: string; state: BreakerState; since_ms: number; retry_ms: number }[]
}

export function lookAt(
  { service, policy, budget, balancer, operations, way }: Target,
  nowMs: number,
): TargetLook {
  return {
    target: service,
    policy: policy(),
    budget: budget.balance(),
    is_panicking: balancer.isPanicking(),
    endpoints: balancer.endpoints().map((endpoint) => ({
      instance: endpoint.instance.name,
      transport: way(endpoint)?.transport ?? null,
      is_encrypted: way(endpoint)?.isEncrypted ?? null,
      standing: endpoint.standing,
      ejected_ms: endpoint.health.state === 'alive' ? null : Math.max(0, endpoint.health.probeAtMs - nowMs),
      weight: endpoint.weight,
      pending: endpoint.pending,
      ...countsOf(endpoint),
    })),
    breakers: [...operations()]
      .filter(({ breaker }) => breaker.state() !== 'closed')
      .map(({ name, breaker }) => ({
        operation: name,
        state: breaker.state(),
        since_ms: breaker.inStateMs(),
        retry_ms: breaker.retryAfterMs(),
      })),
  }
}
