import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultSource } from './fault.ts'

const SHIFTS_MIN = [-10, -1, 1, 10] as const
const MINUTE_MS = 60_000

/** One process believes that it is minutes earlier or later; it learns of it, and of the end, as by a jump. */
export const shiftClock: FaultSource = (shop, random) => {
  const { instance } = random.pick(shop.instances())
  const minutes = random.pick(SHIFTS_MIN)
  const file = join(shop.clockDir, instance)
  return {
    title: `clock of ${instance} ${minutes > 0 ? '+' : ''}${minutes} min`,
    target: `clock of ${instance}`,
    begin: () => {
      writeFileSync(file, String(minutes * MINUTE_MS))
      return () => Promise.resolve(rmSync(file, { force: true }))
    },
  }
}
