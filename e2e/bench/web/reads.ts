import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import type { Browser } from 'playwright-core'
import { percentile } from '../percentiles.ts'
import { copyOrders } from '../rebuild.ts'
import { stocked } from '../orders.ts'
import { judge } from './budget.ts'
import { visit } from './pages.ts'

const READS = 100
const MANY_ORDERS = 10_000
const ROUNDS = 3
/** Reads that are not counted: a shop that has just started compiles as it answers. */
const WARM_UP = 20

/** Follows the link, and resolves with the time until there are rows. */
const OPEN_ORDERS = `new Promise((resolve) => {
  const began = performance.now()
  const look = () =>
    document.querySelector('main tbody a[href^="/console/orders/"]') !== null && resolve(performance.now() - began)
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true })
  document.querySelector('nav a[href="/console/orders"]').click()
})`

/** What the console reads, in a shop of ten thousand orders. */
export async function measureReads(
  browser: Browser,
  shop: Shop,
  client: ShopClient,
  operator: Shopper,
): Promise<void> {
  await copyOrders(shop, client, MANY_ORDERS)
  const shopper = await client.shopper()
  const [item_id] = await stocked(client)
  const orderId = await shopper.place([{ item_id: item_id!, quantity: 1 }])
  await shopper.settled(orderId, ['COMPLETED'])

  judge('timeline of an order, p95', await p95(operator, `/ops/orders/${orderId}/timeline`), 60, 'ms')
  judge('overview, p95', await p95(operator, '/ops/overview'), 30, 'ms')

  await p95(operator, '/ops/orders?limit=50')
  const shownMs: number[] = []
  let rows = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { page, leave } = await visit(browser, shop, { path: '/console/books', isOperator: true })
    await page.getByRole('link', { name: 'Orders', exact: true }).waitFor()
    shownMs.push(await page.evaluate<number>(OPEN_ORDERS))
    rows = await page.locator('main tbody tr').count()
    await leave()
  }
  judge(`first page of ${MANY_ORDERS} orders, from the click, median`, percentile(shownMs, 0.5), 150, 'ms')
  judge('  its rows', rows, 60, '')
}

async function p95(operator: Shopper, path: string): Promise<number> {
  const tookMs: number[] = []
  for (let read = -WARM_UP; read < READS; read++) {
    const startedAt = performance.now()
    const { status } = await operator.ask('GET', `/api/v1${path}`)
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`)
    if (read >= 0) tookMs.push(performance.now() - startedAt)
  }
  return percentile(tookMs, 0.95)
}
