import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4_096
let pool = randomFillSync(Buffer.allocUnsafe(POOL_BYTES))
let taken = 0

/**
 * Returns `bytes` (at most 4096) cryptographically secure random bytes; none is used twice. The generator is asked for
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
