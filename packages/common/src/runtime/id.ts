import { v5, v7 } from 'uuid'
import { pooledRandom } from './random.ts'

/** RFC 9562 name space of the ids that Lepton derives from names. */
const NAMESPACE = '8f14e45f-ceea-467f-a1d2-91b9a1b0c0de'

/** A new id that sorts by the millisecond it was made in (UUIDv7). */
export function newId(): string {
  return v7({ random: pooledRandom(16) })
}

/** When a UUIDv7 was made, in milliseconds since 1970. */
export function madeAtMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** The same id for the same names, on every machine (UUIDv5). Names are joined so that they cannot run together. */
export function derivedId(...names: string[]): string {
  return v5(names.map((name) => `${name.length}:${name}`).join(''), NAMESPACE)
}
