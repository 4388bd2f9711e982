import type { Endpoint } from './endpoint.ts'

/** Where a process runs. Instances say theirs in Consul's metadata, under the same names. */
interface Place {
  zone?: string | undefined
  region?: string | undefined
}

export interface LocalitySettings extends Place {
  /** A level that has lost less than this factor makes up for keeps all of the traffic: at 1.4, up to 29 %. */
  overprovisioning: number
  /** Fewer endpoints than this are no level of their own: they would be crushed by what is sent to the nearest. */
  minEndpoints: number
}

export const localityDefaults: LocalitySettings = { overprovisioning: 1.4, minEndpoints: 3 }

/** What a share of the requests chooses among; the shares of all levels add up to 1. */
export interface Level {
  share: number
  endpoints: Endpoint[]
}

/**
 * The endpoints by nearness: own zone, own region, anywhere. The nearest level gets all requests while enough of it is
 * usable; what it cannot take goes to the next. None where this process knows no place of its own.
 *
 * After Envoy's priority levels with overprovisioning, and the spill-over between localities.
 *
 * @param listed all endpoints that there should be
 * @param usable those of them that may get requests
 */
export function levelsOf(
  listed: readonly Endpoint[],
  usable: ReadonlySet<Endpoint>,
  settings: LocalitySettings,
): Level[] {
  if (settings.zone === undefined && settings.region === undefined) return []
  const levels: Level[] = []
  let left = 1
  let carried: Endpoint[] = []
  const groups = groupsByNearness(listed, settings)
  for (const [nearness, group] of groups.entries()) {
    const members = [...carried, ...group]
    const isLast = nearness === groups.length - 1
    carried = members.length < settings.minEndpoints && !isLast ? members : []
    if (members.length === 0 || carried.length > 0) continue
    const endpoints = members.filter((endpoint) => usable.has(endpoint))
    const share = Math.min(left, (settings.overprovisioning * endpoints.length) / members.length)
    if (share > 0) levels.push({ share, endpoints })
    left -= share
  }
  const taken = 1 - left
  return levels.map(({ share, endpoints }) => ({ share: share / taken, endpoints }))
}

function groupsByNearness(listed: readonly Endpoint[], { zone, region }: Place): Endpoint[][] {
  const groups: [Endpoint[], Endpoint[], Endpoint[]] = [[], [], []]
  for (const endpoint of listed) {
    const { meta } = endpoint.instance
    const isNear =
      zone !== undefined && meta.zone === zone && (region === undefined || meta.region === region)
    groups[isNear ? 0 : region !== undefined && meta.region === region ? 1 : 2].push(endpoint)
  }
  return groups
}
