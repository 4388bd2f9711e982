import { createHealth, type Health } from './ejection.ts'
import { createLoad, type Load, type LoadSettings, readLoad } from './load.ts'
import type { KnownInstance } from './membership.ts'

/**
 * `unverified`: the catalogue no longer names it. `ejected`: it failed, and takes no traffic but probes. `gone`: it left,
 * and is asked only when all others failed a request.
 */
export type Standing = 'healthy' | 'unverified' | 'ejected' | 'gone'

const ORDER: Record<Standing, number> = { healthy: 0, unverified: 1, ejected: 2, gone: 3 }

/** One instance as the callers of this process experience it. */
export interface Endpoint {
  instance: KnownInstance
  pending: number
  load: Load
  health: Health
  /** Compared before any load; kept by the balancer. */
  standing: Standing
  /** What it should get, in relation to the others; kept by the balancer. */
  weight: number
  /** What it last said of itself, from 0 to 1. */
  utilisation: number
  joinedMs: number
  /** The share of its recent answers that were 4xx. */
  refusals: number
}

/** @param guessMs what its round trips are taken for until there was one */
export function createEndpoint(instance: KnownInstance, nowMs: number, guessMs: number): Endpoint {
  return {
    instance,
    pending: 0,
    load: createLoad(nowMs, guessMs),
    health: createHealth(nowMs),
    standing: 'healthy',
    weight: 1,
    utilisation: 0,
    joinedMs: nowMs,
    refusals: 0,
  }
}

export function standingOf({ instance, health }: Endpoint): Standing {
  if (instance.tier === 'gone') return 'gone'
  if (health.state !== 'alive') return 'ejected'
  return instance.tier === 'verified' ? 'healthy' : 'unverified'
}

export function isBetter(a: Endpoint, b: Endpoint): boolean {
  return ORDER[a.standing] < ORDER[b.standing]
}

export function isWorse(a: Endpoint, b: Endpoint): boolean {
  return ORDER[a.standing] > ORDER[b.standing]
}

export function weighedLoad(endpoint: Endpoint, nowMs: number, settings: LoadSettings): number {
  return readLoad(endpoint.load, endpoint.pending, nowMs, settings) / endpoint.weight
}
