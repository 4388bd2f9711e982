import { createHash } from 'node:crypto'

const MIB = Buffer.alloc(1024 * 1024)

/** Time of a SHA-256 of 1 MiB (ms), the least of twenty: a figure for the machine to read the others by. */
export function calibrate(): number {
  return Math.min(...Array.from({ length: 20 }, once))
}

function once(): number {
  const startedAtMs = performance.now()
  createHash('sha256').update(MIB).digest()
  return performance.now() - startedAtMs
}
