import { v5, v7 } from 'uuid'
import { pooledRandom } from './random.ts'
import { isWithout } from './fault-injection.ts'

/** RFC 9562 name space of the ids that Lepton derives from names. */
const NAMESPACE = '8f14e45f-ceea-467f-a1d2-91b9a1b0c0de'

/** A new id that sorts by the millisecond it was made in (UUIDv7). */
export function newId(): string {
  return v7({ random: pooledRandom(16) })
}

/** The same id for the same names, on every machine (UUIDv5). Names are joined so that they cannot run together. */
export function derivedId(...names: string[]): string {
  return v5(names.map((name) => `${name.length}:${name}`).join(''), NAMESPACE)
}

/**
 * The id of the order that a request creates: a repeat of the request is the same order, even after
 * its idempotency row is gone. The route is part of it, since one key may be used at two routes.
 */
export function orderIdOf(owner: string, route: string, idempotencyKey: string): string {
  if (isWithout('idempotency')) return newId()
  return derivedId('order', owner, route, idempotencyKey)
}
