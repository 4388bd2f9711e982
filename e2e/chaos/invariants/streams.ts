import { isDeepStrictEqual } from 'node:util'
import type { Facts, Violation } from './facts.ts'

/** Part of I10: what is computed from the log alone is, minute by minute, what the databases say. */
export function streamsAreSql({ windows: { counted, bySql, fault } }: Pick<Facts, 'windows'>): Violation[] {
  const minutes = new Set([...Object.keys(bySql), ...Object.keys(counted)])
  return [...minutes]
    .filter((minute) => !isDeepStrictEqual(counted[minute], bySql[minute]))
    .map((minute) => ({
      invariant: 'I10',
      what:
        `the streams of ${minute} come to ${spell(counted[minute])}, by SQL ${spell(bySql[minute])}` +
        (fault === undefined ? '' : `; met on the way: ${fault}`),
    }))
}

function spell(counts: Record<string, number> = {}): string {
  return JSON.stringify(counts)
}
