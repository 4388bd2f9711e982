import type { Answer, RouteOf } from '@lepton/client/api'
import { isPlace, type Place } from '../plate/places.ts'

export type Pulse = Answer<RouteOf<'GET', '/pulse'>>

/** `alive` and `gone` are instances; a place is missing where it is not known how many there are. */
export type Instances = Partial<Record<Place, readonly ('alive' | 'gone')[]>>

/** A pulse may be made of what was seen this long (ms) before it. */
const LOOKED_MS = 1_500

const isThere = (state: string) => state === 'passing' || state === 'warning'

/** The instances of each service as the plate draws them: those expected, and which of them answer. */
export function instancesOf(services: Pulse['services']): Instances {
  const shown: Partial<Record<Place, ('alive' | 'gone')[]>> = {}
  for (const { service, expected, instances } of services) {
    if (!isPlace(service)) continue
    const states = instances
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .filter(({ state }) => state !== 'gone')
      .map(({ state }) => (isThere(state) ? 'alive' : 'gone'))
    const missing = Array.from({ length: Math.max(0, expected - states.length) }, () => 'gone' as const)
    shown[service] = [...states, ...missing]
  }
  return shown
}

/** The services without what has ended since the pulse looked at them. */
export function withEnded(
  { as_of, services }: Pulse,
  ended: readonly { name: string; atMs: number }[] = [],
): Pulse['services'] {
  const looked = Date.parse(as_of)
  const names = new Set(ended.filter(({ atMs }) => atMs > looked - LOOKED_MS).map(({ name }) => name))
  return services.map((service) => ({
    ...service,
    instances: service.instances.map((one) =>
      names.has(one.name) ? { ...one, state: 'failing' as const } : one,
    ),
  }))
}

/** How many instances answer, and how many ought to. */
export function countInstances(services: Pulse['services']): { answering: number; expected: number } {
  const expected = services.reduce((sum, service) => sum + service.expected, 0)
  const answering = services.reduce(
    (sum, { instances }) => sum + instances.filter(({ state }) => isThere(state)).length,
    0,
  )
  return { answering, expected }
}

/** The names of instances that ought to answer and do not. */
export function silentIn(services: Pulse['services']): string[] {
  return services.flatMap(({ service, expected, instances }) => {
    const silent = instances
      .filter(({ state }) => !isThere(state) && state !== 'gone')
      .map(({ name }) => name)
    const known = instances.filter(({ state }) => state !== 'gone').length
    return known < expected && silent.length === 0 ? [service] : silent
  })
}
