import { randomUUID } from 'node:crypto'
import type { MeshView } from '@lepton/contracts/mesh'
import type { ServiceView } from '@lepton/contracts/figures'
import type { Order } from '@lepton/contracts/order'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { Browser } from 'playwright-core'
import { percentile } from '../percentiles.ts'
import { judge } from './budget.ts'
import { visit } from './pages.ts'

const ORDERS = 30
const KILLS = 3
const SOON = { timeoutMs: 30_000, everyMs: 25 }

/** How soon what has happened is on a page. */
export async function measureDelays(
  browser: Browser,
  shop: Shop,
  client: ShopClient,
  operator: Shopper,
): Promise<void> {
  const shown = await commitToPage(browser, shop)
  judge('commit to the order’s page, p50', percentile(shown, 0.5), 150, 'ms')
  judge(`commit to the order’s page, p99 of ${ORDERS}`, percentile(shown, 0.99), 600, 'ms')
  judge(`kill to the list of instances, worst of ${KILLS}`, await killToList(shop, operator), 1_500, 'ms')
  judge('breaker to the list of calls', await breakerToList(shop, client, operator), 2_500, 'ms')
  for (const service of ['gateway', 'ops'] as const)
    judge(
      `${service} killed and back, to a page that is live`,
      await backToLive(browser, shop, service),
      3_000,
      'ms',
    )
}

/** Orders that wait for their payment are paid while their page is open; the database says when each was decided. */
async function commitToPage(browser: Browser, shop: Shop): Promise<number[]> {
  const { page, leave } = await visit(browser, shop, { path: '/shop' })
  const headers = () => ({ origin: shop.urls.gateway, 'idempotency-key': randomUUID() })
  const delays: number[] = []
  await page.request.post('/api/v1/session', { headers: headers() })
  for (let count = 0; count < ORDERS; count++) {
    const placed = await page.request.post('/api/v1/orders', {
      headers: headers(),
      data: { lines: [{ item_id: 'desk-mat', quantity: 1 }] },
    })
    const { order_id } = (await placed.json()) as { order_id: string }
    await page.goto(`/shop/orders/${order_id}`)
    await page.getByRole('heading', { level: 1, name: /waits for its payment/ }).waitFor()
    const seen = page.evaluate<number>(`new Promise((resolve) => {
      const look = () => /^Done/.test(document.querySelector('h1')?.textContent) && resolve(Date.now())
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
    })`)
    await page.request.post('/api/v1/payments', {
      headers: headers(),
      data: { order_id, payment_token: 'tok_approved' },
    })
    const seenAt = await seen
    const order = (await (await page.request.get(`/api/v1/orders/${order_id}`)).json()) as Order
    delays.push(seenAt - Date.parse(order.updated_at!))
  }
  await leave()
  return delays
}

const read = async <T>(operator: Shopper, path: string) =>
  (await operator.ask<T>('GET', `/api/v1${path}`)).body

async function killToList(shop: Shop, operator: Shopper): Promise<number> {
  let worst = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const states = async () =>
      (await read<{ items: ServiceView[] }>(operator, '/ops/services')).items
        .flatMap(({ instances }) => instances)
        .find(({ name }) => name === 'cart-1')?.state
    await until('cart-1 is passing', async () => (await states()) === 'passing', SOON)
    shop.kill('cart-1')
    const killedAt = performance.now()
    await until('it is seen to be down', async () => (await states()) !== 'passing', SOON)
    worst = Math.max(worst, performance.now() - killedAt)
    await shop.ready('cart-1')
  }
  return worst
}

/** Pauses every instance of inventory until a breaker opens; the breaker says since when it is open. */
async function breakerToList(shop: Shop, client: ShopClient, operator: Shopper): Promise<number> {
  const names = shop
    .instances()
    .flatMap(({ service, instance }) => (service === 'inventory' ? [instance] : []))
  const shopper = await client.shopper()
  const asking = setInterval(
    () => void shopper.ask('GET', '/api/v1/products?limit=1').catch(() => undefined),
    50,
  )
  for (const name of names) shop.pause(name)
  try {
    const sinceS = await until(
      'a breaker to be seen open',
      async () =>
        (await read<MeshView>(operator, '/ops/mesh')).pairs
          .filter(({ target }) => target === 'inventory')
          .flatMap(({ breakers }) => breakers)
          .find(({ state }) => state === 'open')?.since_s,
      SOON,
    )
    return sinceS * 1_000
  } finally {
    clearInterval(asking)
    for (const name of names) shop.resume(name)
  }
}

/** From the moment in which the process is ready again to the first figures that a page that was open all the time has of it. */
async function backToLive(browser: Browser, shop: Shop, service: 'gateway' | 'ops'): Promise<number> {
  const { page, leave } = await visit(browser, shop, { path: '/', isOperator: true })
  await page.getByText(/instances answer/).waitFor()
  const restarts = () => shop.instances().find(({ instance }) => instance === `${service}-1`)!
  const before = restarts().restarts
  const live = page.waitForResponse((answer) => answer.url().endsWith('/pulse/stream') && answer.ok(), {
    timeout: SOON.timeoutMs,
  })
  shop.kill(`${service}-1`)
  await until(`${service} is back`, () => restarts().restarts > before && restarts().status === 'ready', SOON)
  const backAt = performance.now()
  await live
  await leave()
  return Math.max(0, performance.now() - backAt)
}
