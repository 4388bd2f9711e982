import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4_096
let pool = randomFillSync(Buffer.allocUnsafe(POOL_BYTES))
let taken = 0

/**
 * So many bytes (at most 4096) of the system's cryptographic generator, each handed out once. It is asked for
 * a page at a time: a call for every id would take most of the id's time.
 */
export function pooledRandom(bytes: number): Buffer {
  if (taken + bytes > POOL_BYTES) {
    pool = randomFillSync(Buffer.allocUnsafe(POOL_BYTES))
    taken = 0
  }
  taken += bytes
  return pool.subarray(taken - bytes, taken)
}
