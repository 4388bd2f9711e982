import { createKafkaBroker } from '@lepton/events/kafka/broker'
import { newId } from '@lepton/common/runtime/id'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { OrderPlaced } from '@lepton/contracts/order'
import type { Shop } from '@lepton/local/shop-types'
import { eventRecord, line, placement } from '@lepton/testing/builders'
import { signAsOwners } from '@lepton/testing/sign-events'
import { until } from '@lepton/testing/until'

const SEND_BATCH = 1_000

export interface HotSku {
  reservationsPerS: number
  held: number
  rejected: number
  oversold: number
}

/**
 * Everybody wants one unit of the same product, of which there is half enough. The orders are on the log before inventory
 * starts; counted is from its first decision to its last. Leaves orders behind that were not placed by a customer: the last thing to be
 * measured on a shop.
 */
export async function measureHotSku(shop: Shop, sku: string, orders: number): Promise<HotSku> {
  for (const { instance, service } of shop.instances()) {
    if (service === 'order' || service === 'payment' || service === 'inventory') await shop.remove(instance)
  }
  const log = createLog({ service: 'bench', instance: 'bench', level: 'warn' })
  const database = createDatabase({ url: shop.databaseUrl('inventory'), poolSize: 1 }, log, createMetrics())
  const broker = createKafkaBroker({ ...shop.kafka, clientId: 'bench' }, log)
  // A look that costs the database next to nothing: it is what is being measured.
  const countDecided = async () =>
    (
      await database.query<{ decided: number }>(
        `select count(*)::int as decided from reservation where state <> 'NONE'`,
      )
    ).rows[0]!.decided
  const before = await countDecided()
  const ids = Array.from({ length: orders }, newId)
  await database.query(
    `with moved as (update stock set received = received - available + $2, available = $2 where product_id = $1
       returning product_id)
     insert into stock_ledger (product_id, receipt_id, kind, d_available, d_held, d_committed, d_received)
     select product_id, $3, 'RECEIVE', 0, 0, 0, 0 from moved`,
    [sku, Math.floor(orders / 2), newId()],
  )
  for (let start = 0; start < orders; start += SEND_BATCH) {
    const batch = ids.slice(start, start + SEND_BATCH).map((id) => placed(id, sku))
    await broker.send(signAsOwners(shop.stateDir, batch))
  }
  await shop.add('inventory')
  await until('every order to be decided', async () => (await countDecided()) >= before + orders, {
    timeoutMs: 120_000,
    everyMs: 1_000,
  })
  const { rows } = await database.query<{ state: string; orders: number; first: string; last: string }>(
    `select state, count(*)::int as orders, min(updated_at) as first, max(updated_at) as last
     from reservation where order_id = any($1::uuid[]) group by state`,
    [ids],
  )
  const stock = await database.query<{ available: number }>(
    'select available from stock where product_id = $1',
    [sku],
  )
  await broker.close()
  await database.close()
  const tookMs =
    Math.max(...rows.map(({ last }) => Date.parse(last))) -
    Math.min(...rows.map(({ first }) => Date.parse(first)))
  const count = (state: string) => rows.find((row) => row.state === state)?.orders ?? 0
  return {
    reservationsPerS: (orders / tookMs) * 1000,
    held: count('HELD'),
    rejected: count('REJECTED'),
    oversold: Math.max(0, count('HELD') - Math.floor(orders / 2), -stock.rows[0]!.available),
  }
}

function placed(order_id: string, sku: string) {
  return eventRecord(OrderPlaced, order_id, 1, placement(order_id, { lines: [line(sku, 1, 100)] }))
}
