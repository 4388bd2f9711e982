import { DATABASE_OWNERS } from '@lepton/setup/services'
import { createShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { ChaosShop } from '../chaos-shop.ts'
import { askDatabase } from '../collect/ask-database.ts'
import type { FaultSource } from './fault.ts'
import { TARGET } from './messages.ts'

const DAY_MS = 86_400_000
const REQUEST_TIMEOUT_MS = 10_000
const REBUILT_TIMEOUT_MS = 60_000
const OLDER = 'select count(*) as count from outbox_pending where created_at < to_timestamp($1 / 1000.0)'

/** Kafka loses its log, its groups and its id, and gets the log back from the archives while customers go on. */
export const wipeLog: FaultSource = (shop) => ({
  title: "Kafka's log wiped, and rebuilt from the archives",
  // What is sent again by hand into a log that is not rebuilt yet would stand before what it repeats.
  target: TARGET,
  begin: async () => {
    let askedAtMs = Date.now()
    await shop.wipeKafka(async () => {
      await republishAll(shop)
      askedAtMs = Date.now()
    })
    await until('the log to be rebuilt', () => isSent(shop, askedAtMs), {
      timeoutMs: REBUILT_TIMEOUT_MS,
      everyMs: 100,
    })
    return undefined
  },
})

/** With the operators' tool; a service that is down is asked again later, which does no harm. */
async function republishAll(shop: ChaosShop): Promise<void> {
  const now = Date.now()
  const [since, until_] = [now - DAY_MS, now + DAY_MS].map((ms) => new Date(ms).toISOString())
  const body = { since, until: until_, reason: 'the chaos suite wiped the log' }
  let turn = 0
  await until(
    'everything to be published again',
    async () => {
      const gateways = shop.gateways()
      const client = createShopClient(gateways[turn++ % gateways.length]!, {
        connections: 1,
        timeoutMs: REQUEST_TIMEOUT_MS,
      })
      try {
        const operator = await client.operator(shop.operatorSecret)
        const { status } = await operator.ask('POST', '/api/v1/ops/events/republish', { body })
        if (status !== 200) throw new Error(`republish answered ${status}`)
        return true
      } finally {
        await client.close()
      }
    },
    { timeoutMs: REBUILT_TIMEOUT_MS, everyMs: 200 },
  )
}

async function isSent(shop: ChaosShop, beforeMs: number): Promise<boolean> {
  const counts = await Promise.all(
    DATABASE_OWNERS.map((owner) =>
      askDatabase(shop.databaseUrl(owner), (ask) => ask<{ count: number }>(OLDER, [beforeMs])),
    ),
  )
  return counts.every(([row]) => row!.count === 0)
}
