import {
  eject,
  type EjectionReason,
  type EjectionSettings,
  isProbeDue,
  maxEjected,
  type Outcome,
  recordOutcome,
  revive,
  sweepHealth,
} from './ejection.ts'
import { canTakeTraffic, createEndpoint, type Endpoint } from './endpoint.ts'
import { type LoadSettings, observe as observeLoad } from './load.ts'
import type { KnownInstance } from './membership.ts'
import type { Policy } from './policies/policy.ts'

export interface BalancerSettings {
  load: LoadSettings
  ejection: EjectionSettings
  /** Below this share of healthy endpoints, health is ignored rather than few being crushed. */
  panicShare: number
}

export interface BalancerEvents {
  onPanic: () => void
  onEject: (endpoint: Endpoint, reason: EjectionReason) => void
  onRevive: (endpoint: Endpoint) => void
}

export interface Balancer {
  endpoints(): readonly Endpoint[]
  /** Takes the current members; tells who joined and who left. */
  update(instances: readonly KnownInstance[]): { joined: Endpoint[]; left: Endpoint[] }
  /** An endpoint and its place in it, or undefined when nobody is left. Each must be settled once. */
  take(about: { tried: readonly Endpoint[]; isRetryable: boolean }): Endpoint | undefined
  settle(endpoint: Endpoint, result: { outcome: Outcome; startedMs: number; rttMs: number }): void
  /** A try that was settled as neutral turns out to be the endpoint's failure. */
  blame(endpoint: Endpoint, result: { startedMs: number; rttMs: number }): void
  tick(): void
}

const GONE = 4

export function createBalancer({
  policy,
  settings,
  events,
  now,
  random,
}: {
  policy: Policy
  settings: BalancerSettings
  events: BalancerEvents
  now: () => number
  random: () => number
}): Balancer {
  let members = new Map<string, Endpoint>()
  let all: Endpoint[] = []
  /** Without those that are gone, which are asked only when all others failed a request. */
  let listed: Endpoint[] = []
  let candidates: Endpoint[] = []
  let isPanicking = false
  let dueProbe: Endpoint | undefined
  let sweptAtMs = now()

  function rank(endpoint: Endpoint, nowMs: number): number {
    if (endpoint.instance.tier === 'gone') return GONE
    const tier = endpoint.instance.tier === 'verified' ? 0 : 1
    return canTakeTraffic(endpoint, nowMs) ? tier : 2 + tier
  }

  function regroup(): void {
    const nowMs = now()
    for (const endpoint of all) endpoint.rank = rank(endpoint, nowMs)
    listed = all.filter((endpoint) => endpoint.rank !== GONE)
    const healthy = listed.filter((endpoint) => endpoint.rank === 0)
    isPanicking =
      healthy.length < listed.length * settings.panicShare || (listed.length > 0 && healthy.length === 0)
    // Who failed us already stays out as long as anybody else is there, verified or not.
    const usable = listed.filter((endpoint) => endpoint.rank < 2)
    candidates = !isPanicking ? healthy : usable.length > 0 ? usable : listed
    dueProbe = listed.find(({ health }) => isProbeDue(health, nowMs))
  }

  function judge(endpoint: Endpoint, verdict: EjectionReason | 'revive' | undefined, nowMs: number): void {
    const { health } = endpoint
    if (verdict === undefined || members.get(endpoint.instance.id) !== endpoint) return
    if (verdict === 'revive') {
      revive(health, nowMs)
      events.onRevive(endpoint)
    } else {
      const outAlready = listed.filter((other) => other !== endpoint && other.health.state !== 'alive').length
      const mayEject = outAlready < maxEjected(listed.length, settings.ejection.maxEjectedShare)
      if (!mayEject && health.state === 'alive') return
      eject(health, nowMs, settings.ejection, random)
      events.onEject(endpoint, verdict)
    }
    regroup()
  }

  /** What the others take, for one that nothing is known of. */
  function usualRttMs(): number {
    const known = all.filter(({ load }) => load.hasHistory)
    const sum = known.reduce((total, { load }) => total + load.meanMs, 0)
    return known.length === 0 ? settings.load.defaultRttMs : Math.max(1, sum / known.length)
  }

  function observe(
    endpoint: Endpoint,
    { outcome, startedMs, rttMs }: { outcome: Outcome; startedMs: number; rttMs: number },
  ): void {
    const nowMs = now()
    if (outcome !== 'neutral') {
      observeLoad(endpoint.load, { rttMs, isSuccess: outcome === 'success' }, nowMs, settings.load)
    }
    const wasProbing = endpoint.health.state === 'probing'
    const verdict = recordOutcome(endpoint.health, outcome, {
      startedMs,
      nowMs,
      settings: settings.ejection,
    })
    judge(endpoint, verdict, nowMs)
    if (wasProbing && verdict === undefined) regroup()
  }

  return {
    endpoints: () => all,

    update(instances) {
      const nowMs = now()
      const next = new Map<string, Endpoint>()
      const joined: Endpoint[] = []
      const guessMs = usualRttMs()
      for (const instance of instances) {
        const endpoint = members.get(instance.id) ?? createEndpoint(instance, nowMs, guessMs)
        const wasHere = members.has(instance.id) && endpoint.instance.tier !== 'gone'
        if (!wasHere && instance.tier !== 'gone') joined.push(endpoint)
        endpoint.instance = instance
        next.set(instance.id, endpoint)
      }
      const left = all.filter(({ instance }) => !next.has(instance.id))
      members = next
      all = [...next.values()]
      regroup()
      return { joined, left }
    },

    take({ tried, isRetryable }) {
      const nowMs = now()
      let chosen: Endpoint | undefined
      if (isRetryable && dueProbe !== undefined && !tried.includes(dueProbe)) {
        chosen = dueProbe
      } else {
        if (isPanicking) events.onPanic()
        // When every candidate failed this request, one that failed earlier ones is still worth a try.
        chosen = policy(candidates, { tried, nowMs }) ?? policy(all, { tried, nowMs })
      }
      if (chosen === undefined) return undefined
      chosen.pending += 1
      if (isProbeDue(chosen.health, nowMs)) {
        chosen.health.state = 'probing'
        regroup()
      }
      return chosen
    },

    settle(endpoint, result) {
      endpoint.pending -= 1
      observe(endpoint, result)
    },

    blame: (endpoint, result) => observe(endpoint, { ...result, outcome: 'failure' }),

    tick() {
      const nowMs = now()
      if (nowMs - sweptAtMs >= settings.ejection.sweepMs) {
        sweptAtMs = nowMs
        for (const { health } of all) sweepHealth(health)
      }
      if (dueProbe === undefined && all.some(({ health }) => isProbeDue(health, nowMs))) regroup()
    },
  }
}
