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

  const { page, leave } = await visit(browser, shop, { path: '/console/books', isOperator: true })
  await page.getByRole('link', { name: 'Orders', exact: true }).waitFor()
  const shownMs = await page.evaluate<number>(`new Promise((resolve) => {
    const began = performance.now()
    const look = () => document.querySelectorAll('main tbody a[href^="/console/orders/"]').length > 0 && resolve(performance.now() - began)
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true })
    document.querySelector('nav a[href="/console/orders"]').click()
  })`)
  judge(`first page of ${MANY_ORDERS} orders, from the click`, shownMs, 150, 'ms')
  judge('  its rows', await page.locator('main tbody tr').count(), 60, '')
  await leave()
}

async function p95(operator: Shopper, path: string): Promise<number> {
  const tookMs: number[] = []
  for (let read = 0; read < READS; read++) {
    const startedAt = performance.now()
    const { status } = await operator.ask('GET', `/api/v1${path}`)
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`)
    tookMs.push(performance.now() - startedAt)
  }
  return percentile(tookMs, 0.95)
}
