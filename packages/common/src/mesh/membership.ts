import type { ServiceInstance } from './consul.ts'

/**
 * `unverified`: the catalogue no longer names it, and that may be the catalogue's fault. `gone`: its loss is
 * believed, but a check that failed for a moment takes seconds to say so: better than none, once all others failed.
 */
type Tier = 'verified' | 'unverified' | 'gone'

export interface KnownInstance extends ServiceInstance {
  tier: Tier
}

export interface Membership {
  verified: ReadonlyMap<string, ServiceInstance>
  held: ReadonlyMap<string, { instance: ServiceInstance; untilMs: number }>
  /** Whose loss was believed less than `holdMs` ago. */
  gone: ReadonlyMap<string, { instance: ServiceInstance; atMs: number }>
}

export const emptyMembership: Membership = { verified: new Map(), held: new Map(), gone: new Map() }

/** What a file remembers: to be used while the catalogue says nothing, for as long as that lasts. */
export function rememberedMembership(instances: ServiceInstance[]): Membership {
  return {
    verified: new Map(),
    held: new Map(instances.map((instance) => [instance.id, { instance, untilMs: Infinity }])),
    gone: new Map(),
  }
}

/**
 * Takes an answer of the catalogue, but does not forget most of a service at one word.
 *
 * A list that becomes empty, or loses more than half of at least three instances at once, is more
 * often a fault of the catalogue (a restarted agent, a revoked token) than the end of the service:
 * who was lost stays for a while as `unverified`. Smaller losses are believed: they are `gone`.
 *
 * A restarted agent takes its instances off the list one by one, in as many answers: losses within
 * `gatherMs` count as one.
 */
export function applyAnswer(
  { verified, held, gone }: Membership,
  answer: ServiceInstance[],
  { nowMs, holdMs, gatherMs }: { nowMs: number; holdMs: number; gatherMs: number },
): Membership & { isSuspicious: boolean } {
  const next = new Map(answer.map((instance) => [instance.id, instance]))
  const remembered = [...held]
    .filter(([, { untilMs }]) => untilMs === Infinity)
    .map(([, { instance }]) => instance)
  const known = verified.size > 0 ? [...verified.values()] : remembered
  const lost = known.filter(({ id }) => !next.has(id))
  const stillGone = new Map([...gone].filter(([id, { atMs }]) => !next.has(id) && nowMs - atMs < holdMs))
  const recent = [...stillGone.values()].filter(({ atMs }) => nowMs - atMs < gatherMs)
  const isEmptied = known.length > 0 && next.size === 0
  // Remembered instances are believed gone as soon as the catalogue names others: their ports may be reused.
  const before = verified.size + recent.length
  const isCollapse = verified.size > 0 && before >= 3 && lost.length + recent.length > before / 2
  const isSuspicious = lost.length > 0 && (isEmptied || isCollapse)
  const stillHeld = new Map(
    [...held].filter(([id, { untilMs }]) => untilMs !== Infinity && untilMs > nowMs && !next.has(id)),
  )
  if (!isSuspicious) {
    if (verified.size > 0) for (const instance of lost) stillGone.set(instance.id, { instance, atMs: nowMs })
    return { verified: next, held: stillHeld, gone: stillGone, isSuspicious }
  }
  for (const instance of [...lost, ...recent.map((loss) => loss.instance)]) {
    stillHeld.set(instance.id, { instance, untilMs: nowMs + holdMs })
    stillGone.delete(instance.id)
  }
  return { verified: next, held: stillHeld, gone: stillGone, isSuspicious }
}

export function withoutExpired(
  membership: Membership,
  { nowMs, holdMs }: { nowMs: number; holdMs: number },
): Membership {
  const held = new Map([...membership.held].filter(([, { untilMs }]) => untilMs > nowMs))
  const gone = new Map([...membership.gone].filter(([, { atMs }]) => atMs + holdMs > nowMs))
  return { ...membership, held, gone }
}

export function nextExpiryMs({ held, gone }: Membership, holdMs: number): number {
  return Math.min(
    Infinity,
    ...[...held.values()].map(({ untilMs }) => untilMs),
    ...[...gone.values()].map(({ atMs }) => atMs + holdMs),
  )
}

export function knownInstances({ verified, held, gone }: Membership): KnownInstance[] {
  return [
    ...[...verified.values()].map((instance) => ({ ...instance, tier: 'verified' as const })),
    ...[...held.values()].map(({ instance }) => ({ ...instance, tier: 'unverified' as const })),
    ...[...gone.values()].map(({ instance }) => ({ ...instance, tier: 'gone' as const })),
  ]
}
