import type { Pulse } from '../live/pulse-words.ts'

/** What can be killed from the lab, by the names that the launcher knows. */
export const VICTIMS = ['order', 'payment', 'inventory', 'psp', 'kafka', 'postgres'] as const
export type Victim = (typeof VICTIMS)[number]

export type Target = { instance: string } | { server: 'kafka' | 'postgres' }

/** What dies with a victim: one instance of order, since the other goes on; every instance of the others. */
export function targetsOf(victim: Victim, services: Pulse['services']): Target[] {
  if (victim === 'kafka' || victim === 'postgres') return [{ server: victim }]
  const names = services
    .filter(({ service }) => service === victim)
    .flatMap(({ instances }) => instances.filter(({ state }) => state === 'passing').map(({ name }) => name))
    .sort()
  return (victim === 'order' ? names.slice(0, 1) : names).map((instance) => ({ instance }))
}

export const nameOf = (target: Target): string => ('server' in target ? target.server : target.instance)
