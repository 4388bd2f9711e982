import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@lepton/testing/until'
import type { ChaosShop } from '../chaos-shop.ts'
import type { FaultSource } from '../nemesis/fault.ts'
import { askDatabase } from '../collect/ask-database.ts'
import { holdStatement } from '../nemesis/transactions.ts'
import type { Sources } from '../nemesis/nemesis.ts'

/** Until orders that stand still are asked after, and a little more. */
const STILL_MS = 15_500
/** Below the time that a transaction waits for a row. */
const LOCKED_MS = 1_700
const BEFORE_SILENCE_MS = 500
const SILENT_MS = 2_000
const FIRST_ORDERS = `select * from order_stream where decision = 'OPEN' order by order_id limit 20 for update`

const ANSWERED = `select from outbox where type = 'payment.status.v1' and created_at > now() - interval '1 second' limit 1`
const ANSWER_TIMEOUT_MS = 15_000

/** How long one crossing takes. */
export const CROSSING_MS = STILL_MS + SILENT_MS + 8_000

/**
 * Makes transactions of one order commit in another order than they began, and be sent together.
 *
 * While payment is away, orders stand still and are asked after. Its answers come at once when it is
 * back: the transaction that applies them has begun, and waits for a row, while customers cancel
 * other orders of the same transaction, which then tells the decision once more. Kafka is silent all
 * the while, so the relay finds both.
 */
const cross: FaultSource = (shop) => ({
  title: 'transactions that cross',
  target: 'crossing',
  begin: async () => {
    await standStill(shop)
    const end = await holdStatement(shop, 'order', FIRST_ORDERS).begin(() => undefined)
    await delay(BEFORE_SILENCE_MS, undefined, { signal: shop.signal })
    shop.pauseServer('kafka')
    await delay(LOCKED_MS - BEFORE_SILENCE_MS)
    await end?.()
    await delay(SILENT_MS - LOCKED_MS)
    shop.resumeServer('kafka')
    return undefined
  },
})

export const crossTransactions: Sources[number] = { kind: 'transactions', weight: 1, source: cross }

async function standStill(shop: ChaosShop): Promise<void> {
  const payments = shop
    .instances()
    .flatMap(({ service, instance }) => (service === 'payment' ? [instance] : []))
  for (const name of payments) shop.pause(name)
  await delay(STILL_MS, undefined, { signal: shop.signal }).catch(() => undefined)
  for (const name of payments) shop.resume(name)
  await askDatabase(shop.databaseUrl('payment'), (ask) =>
    until('payment to answer', async () => (await ask(ANSWERED)).length > 0, {
      timeoutMs: ANSWER_TIMEOUT_MS,
      everyMs: 20,
    }),
  )
}
