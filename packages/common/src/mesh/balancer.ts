import {
  eject,
  type EjectionReason,
  type EjectionSettings,
  isFailing,
  isProbeDue,
  maxEjected,
  type Outcome,
  recordOutcome,
  revive,
  sweepHealth,
} from './ejection.ts'
import { countTry } from './endpoint-counts.ts'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import { type BalancerTraffic, type Group, type GroupSettings, groupsOf } from './groups.ts'
import { isRefusing } from './refusals.ts'
import { type LoadSettings, observe as observeLoad } from './load.ts'
import type { KnownInstance } from './membership.ts'
import type { Policy } from './policies/policy.ts'

export interface BalancerSettings extends GroupSettings {
  load: LoadSettings
  ejection: EjectionSettings
}

export interface BalancerEvents {
  onPanic: () => void
  onEject: (endpoint: Endpoint, reason: EjectionReason) => void
  onRevive: (endpoint: Endpoint) => void
}

export interface Balancer {
  endpoints(): readonly Endpoint[]
  isPanicking(): boolean
  /** Takes the current members; returns those that joined and those that left. */
  update(instances: readonly KnownInstance[]): { joined: Endpoint[]; left: Endpoint[] }
  /** An endpoint, counted as in flight, or undefined when none is left. Each must be settled once. */
  take(about: {
    tried: readonly Endpoint[]
    isRetryable: boolean
    key?: string | undefined
  }): Endpoint | undefined
  /**
   * An ejected endpoint whose probe has been due for so long that no request came that may be repeated, and its place;
   * it must be settled once. Requests that may not be repeated are no probes.
   */
  takeProbe(overdueMs: number): Endpoint | undefined
  settle(endpoint: Endpoint, result: { outcome: Outcome; startedMs: number; rttMs: number }): void
  /**
   * Notes an answer's status. True where the endpoint answers 4xx to nearly everything and the others do not: it looks
   * fast, and serves no request. Of requests that go to an endpoint by their key it says nothing: they may be one guest's.
   */
  isRefusing(endpoint: Endpoint, status: number): boolean
  /** A try that was settled as neutral turns out to be the endpoint's failure. */
  blame(endpoint: Endpoint, result: { startedMs: number; rttMs: number }): void
  /** Changes how endpoints are chosen from now on. */
  configure(traffic: BalancerTraffic): void
  tick(): void
}

/** Longer than the time between two ticks: the last one sees the whole weight. */
const TICK_MS = 2_000

export function createBalancer({
  policy: initialPolicy,
  isKeyed = false,
  settings,
  events,
  now,
  random,
}: {
  policy: Policy
  /** Whether the policy sends all requests of a key to one endpoint. */
  isKeyed?: boolean
  settings: BalancerSettings
  events: BalancerEvents
  now: () => number
  random: () => number
}): Balancer {
  let traffic: BalancerTraffic = { policy: initialPolicy, isKeyed, split: [], instances: new Map() }
  let members = new Map<string, Endpoint>()
  let all: Endpoint[] = []
  const client = Math.floor(random() * 2 ** 32)
  let groups = groupsOf([], traffic, settings, { nowMs: now(), client })
  let inFlight = 0
  let sweptAtMs = now()

  function regroup(): void {
    groups = groupsOf(all, traffic, settings, { nowMs: now(), client })
  }

  /** The part that a request falls into, as often as its share says; else all candidates. */
  function groupOf(): Group {
    if (groups.parts.length === 0) return groups.candidates
    let place = random()
    for (const part of groups.parts) {
      place -= part.share
      if (place < 0) return part
    }
    return groups.candidates
  }

  function judge(endpoint: Endpoint, verdict: EjectionReason | 'revive' | undefined, nowMs: number): void {
    const { health } = endpoint
    if (verdict === undefined || members.get(endpoint.instance.id) !== endpoint) return
    if (verdict === 'revive') {
      revive(health, nowMs)
      regroup()
      events.onRevive(endpoint)
      return
    }
    const others = groups.listed.filter((other) => other !== endpoint)
    const outAlready = others.filter((other) => other.health.state !== 'alive').length
    const mayEject = outAlready < maxEjected(groups.listed.length, settings.ejection.maxEjectedShare)
    if (!mayEject && health.state === 'alive') return
    const isAlone = others.some((other) => !isFailing(other.health))
    eject(health, { nowMs, isAlone, settings: settings.ejection, random })
    regroup()
    events.onEject(endpoint, verdict)
  }

  /** What the others take, for one that nothing is known of. */
  function usualRttMs(): number {
    const known = all.filter(({ load }) => load.hasHistory)
    const sum = known.reduce((total, { load }) => total + load.meanMs, 0)
    return known.length === 0 ? settings.load.defaultRttMs : Math.max(1, sum / known.length)
  }

  function begin(endpoint: Endpoint): void {
    endpoint.pending += 1
    inFlight += 1
    if (endpoint !== groups.dueProbe) return
    endpoint.health.state = 'probing'
    regroup()
  }

  /** A newcomer, as often as the floor of its share: one that begins slow would get nothing, and never get warm. */
  function newcomer({ endpoints, growing }: Group, tried: readonly Endpoint[]): Endpoint | undefined {
    if (growing.length === 0 || growing.length === endpoints.length || tried.length > 0) return undefined
    const place = (random() * endpoints.length) / settings.slowStart.floor
    return growing[Math.floor(place)]
  }

  /** The first endpoints of a service start at once: there is no other that could take their share. */
  function create(instance: KnownInstance, nowMs: number, guessMs: number): Endpoint {
    const endpoint = createEndpoint(instance, nowMs, guessMs)
    if (all.length === 0) endpoint.joinedMs = Number.NEGATIVE_INFINITY
    return endpoint
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
    isPanicking: () => groups.isPanicking,

    update(instances) {
      const nowMs = now()
      const next = new Map<string, Endpoint>()
      const joined: Endpoint[] = []
      const guessMs = usualRttMs()
      for (const instance of instances) {
        const endpoint = members.get(instance.id) ?? create(instance, nowMs, guessMs)
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

    take({ tried, isRetryable, key }) {
      const nowMs = now()
      const { dueProbe, isPanicking, candidates } = groups
      let chosen: Endpoint | undefined
      if (isRetryable && dueProbe !== undefined && !tried.includes(dueProbe)) {
        chosen = dueProbe
      } else {
        if (isPanicking) events.onPanic()
        const choice = { tried, nowMs, inFlight, key }
        const { policy } = traffic
        const group = groupOf()
        chosen = newcomer(group, tried) ?? policy(group.endpoints, choice)
        // When every candidate failed this request, one that failed earlier ones is still worth a try.
        chosen ??= policy(candidates.endpoints, choice) ?? policy(all, choice)
      }
      if (chosen === undefined) return undefined
      begin(chosen)
      return chosen
    },

    takeProbe(overdueMs) {
      const due = groups.dueProbe
      if (due === undefined || now() < due.health.probeAtMs + overdueMs) return undefined
      begin(due)
      return due
    },

    settle(endpoint, result) {
      endpoint.pending -= 1
      inFlight -= 1
      countTry(endpoint, result.outcome, result.rttMs)
      observe(endpoint, result)
    },

    isRefusing: (endpoint, status) => !traffic.isKeyed && isRefusing(endpoint, status, groups.listed),

    blame: (endpoint, result) => observe(endpoint, { ...result, outcome: 'failure' }),

    configure(next) {
      traffic = next
      regroup()
    },

    tick() {
      const nowMs = now()
      if (nowMs - sweptAtMs >= settings.ejection.sweepMs) {
        sweptAtMs = nowMs
        for (const { health } of all) sweepHealth(health)
      }
      const isProbing = groups.dueProbe === undefined && all.some(({ health }) => isProbeDue(health, nowMs))
      const isGrowing = all.some(({ joinedMs }) => nowMs - joinedMs < settings.slowStart.windowMs + TICK_MS)
      if (isProbing || isGrowing) regroup()
    },
  }
}
