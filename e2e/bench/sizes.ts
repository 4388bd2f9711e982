import { encodeCursor } from '@lepton/common/runtime/cursor'
import { FIRST_ID } from '@lepton/contracts/audit'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../chaos/collect/ask-database.ts'
import { operatorOf, withShop } from './bench-shop.ts'
import { fillOrders, fillProducts } from './fill.ts'
import { stocked } from './orders.ts'
import { percentile } from './percentiles.ts'
import { add } from './table.ts'

const ORDERS = Number(process.env.SIZES_ORDERS ?? 1_000_000)
const PRODUCTS = Number(process.env.SIZES_PRODUCTS ?? 1_000_000)
const REPEATS = 40
/** A request that reads more rows of a table reads more than a page of it. */
const MANY_ROWS = 1_000

const FIRST_ORDER = encodeCursor([`from:${FIRST_ID}`])

type Ask = () => Promise<unknown>

/** The same requests before and after the tables have grown; those that read many rows are named. */
export async function measureSizes(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const operator = await operatorOf(shop, client)
    const wholesaler = await client.shopper()
    const [item_id] = await stocked(client)
    const buy = async () => {
      const order = await wholesaler.place([{ item_id: item_id!, quantity: 1 }])
      return wholesaler.settled(order, ['COMPLETED'])
    }
    const { order_id: like } = await buy()
    const requests = requestsOf(client, operator, wholesaler, like, buy)
    await timesOf(requests)

    const before = await timesOf(requests)
    await fillProducts(shop, PRODUCTS)
    console.error(`${PRODUCTS} products are there`)
    const { customerId } = wholesaler
    await fillOrders(shop, { like, wholesaler: customerId, count: ORDERS }, (done) =>
      console.error(`${done} of ${ORDERS} orders are there`),
    )
    for (const owner of DATABASE_OWNERS)
      await askDatabase(shop.adminUrl(owner), (ask) => ask('vacuum analyze'))

    for (const [name, ask] of Object.entries(requests)) {
      const rowsBefore = await rowsRead(shop)
      const small = before.get(name)!
      const large = await timeOf(ask)
      const read = readBetween(rowsBefore, await settledRows(shop))
      const many = [...read].filter(([, rows]) => rows / REPEATS > MANY_ROWS)
      add(
        name,
        `p50 ${small.p50Ms.toFixed(1)} → ${large.p50Ms.toFixed(1)} ms, p99 ${small.p99Ms.toFixed(1)} → ${large.p99Ms.toFixed(1)} ms` +
          (many.length === 0 ? '' : '; rows read by each: ') +
          many.map(([table, rows]) => `${Math.round(rows / REPEATS)} of ${table}`).join(', '),
      )
    }
  })
}

function requestsOf(
  client: ShopClient,
  operator: Shopper,
  wholesaler: Shopper,
  orderId: string,
  buy: Ask,
): Record<string, Ask> {
  const of = (who: Pick<Shopper, 'ask'>, path: string) => async () => {
    const { status, body } = await who.ask('GET', `/api/v1${path}`)
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`)
  }
  return {
    'products, first page': of(client, '/products'),
    'products of a category, the cheapest': of(client, '/products?category=Kitchen&sort=cheapest'),
    'products by name, tenth page': of(client, '/products?sort=name&page=10'),
    'products by a word': of(client, '/products?query=mat'),
    'products by a word that is nowhere': of(client, '/products?query=zzzzz'),
    categories: of(client, '/categories'),
    'a product': of(client, '/products/desk-mat'),
    'an order': of(wholesaler, `/orders/${orderId}`),
    'the orders of a wholesaler': of(wholesaler, '/orders'),
    'an order until COMPLETED': buy,
    'console: orders': of(operator, '/ops/orders?limit=50'),
    'console: orders in flight': of(operator, '/ops/orders?view=in_flight&limit=50'),
    'console: orders that are stuck': of(operator, '/ops/orders?view=stuck&limit=50'),
    'console: cancelled orders': of(operator, '/ops/orders?view=cancelled&limit=50'),
    'console: refunded orders': of(operator, '/ops/orders?view=refunded&limit=50'),
    'console: orders of a wholesaler': of(operator, `/ops/orders?query=${wholesaler.customerId}&limit=50`),
    'console: an order and its timeline': of(operator, `/ops/orders/${orderId}/timeline`),
    'console: in flight, by step': of(operator, '/ops/sagas'),
    'console: overview': of(operator, '/ops/overview'),
    'console: stock': of(operator, '/ops/stock'),
    'console: payments': of(operator, '/ops/payments'),
    'console: reservations': of(operator, '/ops/reservations'),
    'reconcile, a page of products': of(operator, '/ops/reconcile?limit=100'),
    'reconcile, a page of orders': of(operator, `/ops/reconcile?limit=100&cursor=${FIRST_ORDER}`),
    'the ledger of a product': of(operator, '/stock/desk-mat/ledger'),
  }
}

interface Times {
  p50Ms: number
  p99Ms: number
}

async function timesOf(requests: Record<string, Ask>): Promise<Map<string, Times>> {
  const times = new Map<string, Times>()
  for (const [name, ask] of Object.entries(requests)) times.set(name, await timeOf(ask))
  return times
}

async function timeOf(ask: Ask): Promise<Times> {
  const took: number[] = []
  for (let index = 0; index < REPEATS; index++) {
    const startedAt = performance.now()
    await ask()
    took.push(performance.now() - startedAt)
  }
  return { p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99) }
}

/** Rows of each table that were read up to now, by an index or without one. */
async function rowsRead(shop: Shop): Promise<Map<string, number>> {
  const all = await Promise.all(
    DATABASE_OWNERS.map((owner) =>
      askDatabase(shop.adminUrl(owner), (ask) =>
        ask<{ table: string; rows: number }>(
          `select '${owner}.' || t.relname as "table", seq_tup_read + coalesce(sum(idx_tup_read), 0) as rows
           from pg_stat_user_tables t left join pg_stat_user_indexes i using (relid) group by t.relname, seq_tup_read`,
        ),
      ),
    ),
  )
  return new Map(all.flat().map(({ table, rows }) => [table, rows]))
}

/** Backends hand in what they counted at most once a second: it is there when it hardly changes. */
async function settledRows(shop: Shop): Promise<Map<string, number>> {
  let last = await rowsRead(shop)
  let quiet = 0
  await until(
    'the counts of the databases',
    async () => {
      const now = await rowsRead(shop)
      const isQuiet = [...readBetween(last, now).values()].every((rows) => rows <= MANY_ROWS)
      quiet = isQuiet ? quiet + 1 : 0
      last = now
      return quiet === 3
    },
    { everyMs: 500 },
  )
  return last
}

function readBetween(before: Map<string, number>, after: Map<string, number>): Map<string, number> {
  return new Map([...after].map(([table, rows]) => [table, rows - (before.get(table) ?? 0)]))
}
