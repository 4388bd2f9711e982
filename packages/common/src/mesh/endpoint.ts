import { createHealth, type Health, isProbeDue } from './ejection.ts'
import { createLoad, type Load, type LoadSettings, readLoad } from './load.ts'
import type { KnownInstance } from './membership.ts'

/** One instance as the callers of this process experience it. */
export interface Endpoint {
  instance: KnownInstance
  pending: number
  load: Load
  health: Health
  /** Smaller is preferred before any load is compared; kept by the balancer. */
  rank: number
}

/** @param guessMs what its round trips are taken for until there was one */
export function createEndpoint(instance: KnownInstance, nowMs: number, guessMs: number): Endpoint {
  return { instance, pending: 0, load: createLoad(nowMs, guessMs), health: createHealth(nowMs), rank: 0 }
}

export function canTakeTraffic({ health }: Endpoint, nowMs: number): boolean {
  return health.state === 'alive' || isProbeDue(health, nowMs)
}

/** An instance that warns gets half of what it would get. */
const WARNING_WEIGHT = 0.5

export function weighedLoad(endpoint: Endpoint, nowMs: number, settings: LoadSettings): number {
  const load = readLoad(endpoint.load, endpoint.pending, nowMs, settings)
  return endpoint.instance.isWarning ? load / WARNING_WEIGHT : load
}
