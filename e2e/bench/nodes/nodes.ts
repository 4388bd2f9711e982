import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { until } from '@lepton/testing/until'
import { bringUpCluster } from '../../cluster-command.ts'
import { reconciled } from '../reconciled.ts'
import { answersTo } from '../steady-orders.ts'
import { add } from '../table.ts'
import { loseNodes } from './losses.ts'
import { type ShopOnNodes, withShopOnNodes } from './shop-on-nodes.ts'
import { update } from './update.ts'

const ORDERS_PER_S = 20
const SHOPPERS = 2
const IMAGE_BEFORE = 'lepton-service:before'
const FINISH = { timeoutMs: 120_000, everyMs: 500 }

/** The shop on three nodes of Kubernetes, of which one loses its power and another one its cable. */
export async function measureNodes(): Promise<void> {
  await bringUpCluster()
  await withShopOnNodes(async (shop) => {
    const orders: string[] = []
    for (const { what, lost, pauseMs, completeMs, asked } of await loseNodes(shop, ORDERS_PER_S)) {
      add(
        `${what}, and ${lost} instances with it, at ${ORDERS_PER_S} orders/s`,
        `${inS(pauseMs)} without an accepted order; all instances ready elsewhere after ${inS(completeMs)}; ${answersTo(asked)}`,
      )
      orders.push(...asked.flatMap(({ orderId }) => orderId ?? []))
    }
    await addBooks(shop, orders)
  })
}

/** Every instance replaced while people shop: by its like, or by this checkout's where a checkout before it is named. */
export async function measureUpdate(before: string | undefined): Promise<void> {
  await bringUpCluster(before === undefined ? {} : { checkout: before, image: IMAGE_BEFORE })
  await withShopOnNodes(async (shop) => {
    const { requests, failures, refusals, orders, tookMs } = await update(
      shop,
      before !== undefined,
      SHOPPERS,
    )
    add(
      `every instance replaced${before === undefined ? '' : ' by those of this release'} under ${SHOPPERS} shoppers without pause`,
      `${inS(tookMs)}; ${requests} requests, ${failures.length} failed, ${refusals.length} refused`,
    )
    for (const answer of [...failures, ...refusals]) add('  failed', answer)
    await addBooks(
      shop,
      orders.map(({ orderId }) => orderId),
    )
  })
}

async function addBooks({ target, operator }: ShopOnNodes, accepted: readonly string[]): Promise<void> {
  const read = (where: string) =>
    target.query<{ order_id: string }>('order', `select order_id from order_stream where ${where}`)
  const final = FINAL_STATUSES.map((status) => `'${status}'`).join()
  await until(
    'every order to be final',
    async () => (await read(`status not in (${final})`)).length === 0,
    FINISH,
  )
  const completed = new Set((await read(`status = 'COMPLETED'`)).map(({ order_id }) => order_id))
  const lost = accepted.filter((id) => !completed.has(id))
  add(`  of ${accepted.length} accepted orders, not COMPLETED`, [lost.length, ...lost.slice(0, 3)].join(' '))
  // The books are read by `ops`, which may just have been replaced.
  add('  reconcile', await until('the books to be read', () => reconciled(operator), FINISH))
}

const inS = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
