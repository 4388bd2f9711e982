import { setTimeout as delay } from 'node:timers/promises'
import type { Facts } from '../invariants/facts.ts'
import { askDatabase } from './ask-database.ts'

const EVERY_MS = 1_000
const WRONG = `select product_id, available, held + committed - received as over from stock
  where available < 0 or held + committed > received`

/** Looks at the stock again and again, and keeps what must never be seen. */
export function watchStock(url: string): { stop(): Promise<Facts['stockSamples']> } {
  const stopping = new AbortController()
  const samples: { at_ms: number; product_id: string; available: number; over: number }[] = []

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A database that is away shows nothing wrong; it is asked again.
      const rows = await askDatabase(url, (ask) => ask<Omit<(typeof samples)[number], 'at_ms'>>(WRONG)).catch(
        () => [],
      )
      samples.push(...rows.map((row) => ({ ...row, at_ms: Date.now() })))
      await delay(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
      return samples
    },
  }
}
