import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@lepton/testing/until'
import type { ChaosShop } from '../chaos-shop.ts'
import { askDatabase } from '../collect/ask-database.ts'

const LOOK_EVERY_MS = 100
/** What a timer waits between two rounds; its work comes on top. */
const ROUND_MS = 1_000
const EXPIRED = `select headers->>'ce_source' as source, (extract(epoch from created_at) * 1000)::float8 as at_ms, id
  from outbox where type = 'order.cancelled.v1' and payload->>'reason' = 'EXPIRED' and id > $1 order by id`

/** When the timers of the order service look for deadlines that have passed. */
export interface Ticks {
  /** The first one not before `ms`, of one of the instances. */
  after(ms: number): Tick
  stop(): Promise<void>
}

interface Tick {
  /** As it is expected by what was seen until now. */
  atMs(): number
}

/** Learns the rounds of each instance from the orders that expire in them. */
export async function watchTicks(shop: ChaosShop): Promise<Ticks> {
  const seen = new Map<string, { lastMs: number; periodMs: number }>()
  const stopping = new AbortController()

  function note(source: string, atMs: number): void {
    const known = seen.get(source)
    const rounds = known === undefined ? 0 : Math.round((atMs - known.lastMs) / known.periodMs)
    if (known === undefined || rounds > 0) {
      const periodMs = known === undefined ? ROUND_MS : (atMs - known.lastMs) / rounds
      seen.set(source, { lastMs: atMs, periodMs })
    }
  }

  const watching = askDatabase(shop.databaseUrl('order'), async (ask) => {
    let last = 0
    while (!stopping.signal.aborted) {
      for (const { source, at_ms, id } of await ask<{ source: string; at_ms: number; id: number }>(EXPIRED, [
        last,
      ])) {
        note(source, at_ms)
        last = id
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  })
  const instances = shop.instances().filter(({ service }) => service === 'order').length
  await until('a round of each timer', () => seen.size === instances)

  return {
    after: (ms) => {
      const expected = [...seen].map(([source, { lastMs, periodMs }]) => ({
        source,
        atMs: lastMs + Math.ceil((ms - lastMs) / periodMs) * periodMs,
      }))
      const { source, atMs } = expected.sort((a, b) => a.atMs - b.atMs)[0]!
      return {
        atMs: () => {
          const { lastMs, periodMs } = seen.get(source)!
          return lastMs + Math.round((atMs - lastMs) / periodMs) * periodMs
        },
      }
    },
    stop: async () => {
      stopping.abort()
      await watching
    },
  }
}
