import type { ChaosShop } from '../chaos-shop.ts'
import { askDatabase } from '../collect/ask-database.ts'
import type { FaultSource } from './fault.ts'

const REFILL_EVERY_MS = 100
/** More than the segments of the log that the server may have made in advance. */
const SEGMENTS = 30

/**
 * Nothing more fits on the disk of PostgreSQL: no page of a table, and half of the time no segment of its log, on
 * which it ends, and cannot come back before there is room.
 */
export const fillDisk: FaultSource = (shop, random) => {
  const { disk } = shop
  if (disk === undefined) return undefined
  const isLogFull = random.chance(0.5)
  return {
    title: `the disk of postgres is full${isLogFull ? ', its log, too' : ''}`,
    target: 'disk',
    begin: async () => {
      disk.fill()
      // What the server deletes to help itself is taken, too.
      const refill = setInterval(() => disk.fill(), REFILL_EVERY_MS)
      if (isLogFull) await fillLog(shop)
      return () => {
        clearInterval(refill)
        disk.empty()
        return Promise.resolve()
      }
    },
  }
}

/** Begins one segment after the other, until there is none left and the connection goes with the server. */
async function fillLog(shop: ChaosShop): Promise<void> {
  await askDatabase(shop.adminUrl(), async (ask) => {
    for (let segment = 0; segment < SEGMENTS; segment++) {
      await ask(`select pg_logical_emit_message(false, 'chaos', 'full')`)
      await ask('select pg_switch_wal()')
    }
  }).catch(() => undefined)
}
