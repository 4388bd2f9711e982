import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { type Client, createClient } from '@lepton/client'
import type { Mode } from '@lepton/contracts/fields'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Shop } from '@lepton/local/shop-types'
import { silentLog } from '@lepton/testing/log'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { percentile } from './percentiles.ts'

const TOKEN = 'tok_approved'

export interface OrderLatency {
  acceptP50Ms: number
  acceptP99Ms: number
  completeP50Ms: number
  completeP99Ms: number
}

/**
 * One shopper orders one after the other and follows each by its stream until it is COMPLETED, as the web shop does. In two
 * phases, accepted is decided.
 */
export async function measureLatency(
  client: ShopClient,
  orders: number,
  mode: Mode = 'saga',
): Promise<OrderLatency> {
  const shopper = await client.shopper()
  const follower = createClient({ url: client.gateway, token: shopper.token })
  const items = await stocked(client)
  const accepted: number[] = []
  const completed: number[] = []
  for (let index = 0; index < orders; index++) {
    const startedAt = performance.now()
    const id = await shopper.place([{ item_id: items[index % items.length]!, quantity: 1 }], TOKEN, mode)
    accepted.push(performance.now() - startedAt)
    await completion(follower, id)
    completed.push(performance.now() - startedAt)
  }
  return {
    acceptP50Ms: percentile(accepted, 0.5),
    acceptP99Ms: percentile(accepted, 0.99),
    completeP50Ms: percentile(completed, 0.5),
    completeP99Ms: percentile(completed, 0.99),
  }
}

async function completion(follower: Client, orderId: string): Promise<void> {
  let status: string | undefined
  for await (const { order } of follower.followOrder(orderId)) {
    status = order.status
    if (status === 'COMPLETED') return
  }
  throw new Error(`order ${orderId} ended as ${status}`)
}

export interface OrderCounts {
  open: number
  completed: number
}

export interface Throughput {
  acceptedPerS: number
  completedPerS: number
  /** Of the accepted ones; in two phases an order that gets no answer in time is cancelled. */
  completedShare: number
}

/** Many shoppers order without pause; counts until the order service has decided every one of them for good. */
export async function measureThroughput(
  client: ShopClient,
  count: () => Promise<OrderCounts>,
  orders: number,
  shoppers: number,
  mode: Mode = 'saga',
): Promise<Throughput> {
  const items = await stocked(client)
  const people = await Promise.all(Array.from({ length: shoppers }, () => client.shopper()))
  const before = await count()
  const startedAt = performance.now()
  let left = orders
  await Promise.all(
    people.map(async (shopper) => {
      while (left-- > 0) {
        await placePatiently(shopper, items[left % items.length]!, mode)
      }
    }),
  )
  const acceptedMs = performance.now() - startedAt
  await until('every order to be final', async () => (await count()).open === 0, { timeoutMs: 120_000 })
  const settledMs = performance.now() - startedAt
  const completed = (await count()).completed - before.completed
  return {
    acceptedPerS: (orders / acceptedMs) * 1000,
    completedPerS: (completed / settledMs) * 1000,
    completedShare: completed / orders,
  }
}

/** Orders, and comes again when the shop says that it has too much to do. */
async function placePatiently(shopper: Shopper, item_id: string, mode: Mode): Promise<void> {
  const request = {
    key: randomUUID(),
    body: { lines: [{ item_id, quantity: 1 }], payment_token: TOKEN, mode },
  }
  for (;;) {
    const { status, headers, body } = await shopper.ask('POST', '/api/v1/orders', request)
    if (status === 202) return
    const retryAfterS = Number(headers['retry-after'])
    if (status !== 503 || Number.isNaN(retryAfterS)) throw new Error(`${status}: ${JSON.stringify(body)}`)
    await delay(retryAfterS * 1_000 * Math.random())
  }
}

/** Asks the order service's own database, so that counting takes nothing from the gateway. */
export function ordersOf(shop: Shop): { count: () => Promise<OrderCounts>; close: () => Promise<void> } {
  const orders = createDatabase({ url: shop.databaseUrl('order'), poolSize: 1 }, silentLog, createMetrics())
  return {
    close: () => orders.close(),
    count: async () => {
      const { rows } = await orders.query<OrderCounts>(
        `select count(*) filter (where status = 'COMPLETED')::int as completed,
           count(*) filter (where status <> all ($1))::int as open
         from order_stream`,
        [FINAL_STATUSES],
      )
      return rows[0]!
    },
  }
}

/** Products of which there is enough for any run. */
export async function stocked(client: ShopClient): Promise<string[]> {
  const { body } = await client.ask<{ items: { product_id: string; available: number }[] }>(
    'GET',
    '/api/v1/products?limit=100',
  )
  return body.items.filter(({ available }) => available > 1000).map(({ product_id }) => product_id)
}

/** Gives every product enough units for the runs. */
export async function stockUp(client: ShopClient, secret: string, quantity: number): Promise<void> {
  const operator = await client.operator(secret)
  const { body } = await client.ask<{ items: { product_id: string }[] }>('GET', '/api/v1/products?limit=100')
  for (const { product_id } of body.items) {
    await until(`stock of ${product_id}`, async () => {
      const answer = await operator.ask('POST', '/api/v1/stock', {
        key: randomUUID(),
        body: { product_id, quantity },
      })
      return answer.status === 200
    })
  }
}
