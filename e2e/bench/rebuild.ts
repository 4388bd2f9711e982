import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Order } from '@lepton/contracts/order'
import type { OrderRebuild } from '@lepton/contracts/rebuilds'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { askDatabase } from '../chaos/collect/ask-database.ts'
import { stocked } from './orders.ts'
import { startOrders } from './steady-orders.ts'

const ORDERS_PER_S = 10
const READS_PER_S = 20
const TIMEOUT = { timeoutMs: 300_000, everyMs: 250 }

export interface Rebuilt {
  run: OrderRebuild
  tookS: number
  /** Orders that were placed while it ran, and those of them that are not COMPLETED. */
  placed: number
  unfinished: number
  /** Reads while it ran, those that gave another order than before, and those without an answer. */
  reads: number
  wrong: number
  failed: number
}

/** Gives the order service the history of many orders, all of one customer, each like a real one but for its id. */
export async function copyOrders(
  shop: Shop,
  client: ShopClient,
  count: number,
): Promise<{ shopper: Shopper; like: Order; ids: string[] }> {
  const shopper = await client.shopper()
  const [item_id] = await stocked(client)
  const like = await shopper.settled(await shopper.place([{ item_id: item_id!, quantity: 2 }]), ['COMPLETED'])
  const rows = await askDatabase(shop.databaseUrl('order'), (ask) =>
    ask<{
      order_id: string
    }>(`with copies as (select gen_random_uuid() as id from generate_series(1, ${count})),
     facts as (
       insert into order_events (order_id, version, type, data, cause_id, at)
       select id, version, type, case version when 1 then data || jsonb_build_object('order_id', id) else data end, cause_id, at
       from order_events, copies where order_id = '${like.order_id}')
     insert into order_stream
     select (jsonb_populate_record(o, jsonb_build_object('order_id', id))).*
     from order_stream o, copies where order_id = '${like.order_id}' returning order_id`),
  )
  return { shopper, like, ids: rows.map(({ order_id }) => order_id) }
}

/** Rebuilds all orders while others are placed and read; with `midway` something happens when half of it is done. */
export async function measureRebuild(
  shop: Shop,
  client: ShopClient,
  operator: Shopper,
  { shopper, like, ids }: Awaited<ReturnType<typeof copyOrders>>,
  midway?: () => void,
): Promise<Rebuilt> {
  const orders = await startOrders(client, ORDERS_PER_S)
  const reads: Promise<'right' | 'wrong' | 'failed'>[] = []
  const reading = setInterval(() => {
    const id = ids[Math.floor(Math.random() * ids.length)]!
    reads.push(readOne(shopper, id, like))
  }, 1_000 / READS_PER_S)

  const latest = async () =>
    (await operator.ask<OrderRebuild>('GET', '/api/v1/ops/rebuilds/orders').catch(() => undefined))?.body
  await operator.ask('POST', '/api/v1/ops/rebuilds/orders', {
    key: randomUUID(),
    body: { reason: 'a measurement' },
  })
  if (midway !== undefined) {
    await until('half of the rebuild', async () => ((await latest())?.share ?? 0) >= 0.5, TIMEOUT)
    midway()
  }
  const run = await until(
    'the rebuild to end',
    async () => {
      const seen = await latest()
      return typeof seen?.finished_at === 'string' && seen
    },
    TIMEOUT,
  )
  clearInterval(reading)
  const placed = (await orders.stop()).flatMap(({ orderId }) => orderId ?? [])
  const answers = await Promise.all(reads)
  return {
    run,
    tookS: (Date.parse(run.finished_at!) - Date.parse(run.started_at)) / 1_000,
    placed: placed.length,
    unfinished: await countUnfinished(shop, placed),
    reads: reads.length,
    wrong: answers.filter((answer) => answer === 'wrong').length,
    failed: answers.filter((answer) => answer === 'failed').length,
  }
}

async function readOne(shopper: Shopper, order_id: string, like: Order) {
  const answer = await shopper.ask('GET', `/api/v1/orders/${order_id}`).catch(() => undefined)
  if (answer?.status !== 200) return answer?.status === 404 ? 'wrong' : 'failed'
  return isDeepStrictEqual(answer.body, { ...like, order_id }) ? 'right' : 'wrong'
}

async function countUnfinished(shop: Shop, ids: readonly string[]): Promise<number> {
  let left = ids.length
  await until(
    'the orders to be completed',
    async () => {
      const [row] = await askDatabase(shop.databaseUrl('order'), (ask) =>
        ask<{ n: number }>(
          `select count(*) as n from order_stream where order_id = any($1::uuid[]) and status = 'COMPLETED'`,
          [ids],
        ),
      )
      left = ids.length - row!.n
      return left === 0
    },
    { timeoutMs: 60_000, everyMs: 500 },
  ).catch(() => undefined)
  return left
}
