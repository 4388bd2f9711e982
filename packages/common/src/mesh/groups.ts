import { isProbeDue } from './ejection.ts'
import { type Endpoint, standingOf } from './endpoint.ts'
import { levelsOf, type LocalitySettings } from './locality.ts'
import type { Policy } from './policies/policy.ts'
import { subsetOf, type SubsetSettings } from './subset.ts'

export interface GroupSettings {
  /** Below this share of healthy endpoints, health is ignored rather than few being crushed. After Envoy. */
  panicShare: number
  slowStart: SlowStartSettings
  locality: LocalitySettings
  subset: SubsetSettings
}

/** A newcomer beside others gets little at first: its caches are cold and its code is not compiled. After Envoy. */
interface SlowStartSettings {
  /** How long its weight grows to its own. */
  windowMs: number
  /** The share of its weight that it begins with. */
  floor: number
}

/** How an operator wants the endpoints of a service to be used. */
export interface BalancerTraffic {
  policy: Policy
  /** Requests of one key go to one endpoint, whichever client sends them: each client has to know all endpoints. */
  isKeyed: boolean
  /** Requests go to the instances of a version by these shares; what is left of a hundred goes to all. */
  split: readonly { version: string; percent: number }[]
  instances: ReadonlyMap<string, { weight?: number | undefined; drain?: boolean | undefined }>
}

/** Endpoints that a request chooses among. */
export interface Group {
  endpoints: readonly Endpoint[]
  /** Those of them that have not their whole weight yet. */
  growing: readonly Endpoint[]
}

export interface Groups {
  /** Without those that are gone, which are asked only when all others failed a request. */
  listed: readonly Endpoint[]
  candidates: Group
  /** Where requests go by shares of 1; what is left of it goes to the candidates. */
  parts: readonly (Group & { share: number })[]
  isPanicking: boolean
  dueProbe: Endpoint | undefined
}

/** An instance that warns gets half of what it would get. */
const WARNING_SHARE = 0.5
/** A weight of 0 would make a load infinite. To get no traffic, an instance drains. */
const LEAST_WEIGHT = 0.01

/**
 * Who may get requests, and in which proportion: those that are healthy, not drained, of this client's subset, by
 * version or by nearness. Sets the standing and the weight of each endpoint.
 *
 * @param client a number of this client's own, for its subset
 */
export function groupsOf(
  all: readonly Endpoint[],
  traffic: BalancerTraffic,
  settings: GroupSettings,
  { nowMs, client }: { nowMs: number; client: number },
): Groups {
  for (const endpoint of all) {
    endpoint.standing = standingOf(endpoint)
    endpoint.weight = weightOf(endpoint, traffic, settings, nowMs)
  }
  const listed = all.filter(({ standing }) => standing !== 'gone')
  const healthy = listed.filter(({ standing }) => standing === 'healthy')
  const isPanicking =
    healthy.length < listed.length * settings.panicShare || (listed.length > 0 && healthy.length === 0)
  // An ejected endpoint stays out as long as any other is usable, verified or not.
  const usable = listed.filter(({ standing }) => standing !== 'ejected')
  const chosen = withoutDrained(!isPanicking ? healthy : usable.length > 0 ? usable : listed, traffic)
  const own = (endpoints: readonly Endpoint[]): Group => {
    const subset = traffic.isKeyed ? endpoints : subsetOf(endpoints, settings.subset, client)
    const growing = subset.filter(({ joinedMs }) => nowMs - joinedMs < settings.slowStart.windowMs)
    return { endpoints: subset, growing }
  }
  const candidates = own(chosen)
  return {
    listed,
    candidates,
    parts: partsOf(listed, chosen, traffic, settings).map(({ share, endpoints }) => ({
      share,
      ...own(endpoints),
    })),
    isPanicking,
    dueProbe: listed.find(({ health }) => isProbeDue(health, nowMs)),
  }
}

/** A split by version goes before nearness. The share of a version without a candidate goes to all. */
function partsOf(
  listed: readonly Endpoint[],
  chosen: readonly Endpoint[],
  { split, isKeyed }: BalancerTraffic,
  { locality }: GroupSettings,
): { share: number; endpoints: readonly Endpoint[] }[] {
  if (split.length > 0)
    return split.map(({ version, percent }) => {
      const endpoints = chosen.filter(({ instance }) => instance.meta.version === version)
      return { share: percent / 100, endpoints: endpoints.length > 0 ? endpoints : chosen }
    })
  return isKeyed ? [] : levelsOf(listed, new Set(chosen), locality)
}

function weightOf(
  { instance, joinedMs }: Endpoint,
  traffic: BalancerTraffic,
  { slowStart: { windowMs, floor } }: GroupSettings,
  nowMs: number,
): number {
  const given = traffic.instances.get(instance.name)?.weight ?? instance.weight
  const own = Math.max(LEAST_WEIGHT, given * (instance.isWarning ? WARNING_SHARE : 1))
  const share = windowMs === 0 ? 1 : (nowMs - joinedMs) / windowMs
  return share >= 1 ? own : own * Math.max(floor, share)
}

/** Those that drain get no request, unless all of them do. */
function withoutDrained(endpoints: Endpoint[], traffic: BalancerTraffic): Endpoint[] {
  const left = endpoints.filter(({ instance }) => traffic.instances.get(instance.name)?.drain !== true)
  return left.length === endpoints.length || left.length === 0 ? endpoints : left
}
