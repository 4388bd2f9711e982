import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { startShop } from '@lepton/local/shop'
import type { Shop } from '@lepton/local/shop-types'
import { visit } from '../hostile/guest.ts'
import { opsListeners, type Page, readPage } from '../hostile/listeners.ts'
import { giveUp, RAIDS } from '../hostile/raids.ts'
import { percentile } from './percentiles.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const VISITS = 20
const UNLIMITED = '1000000000'

export interface Raided {
  what: string
  failures: number
  refused: number
  lost: number
  p99Ms: number
}

/**
 * How long an innocent guest's requests take on a quiet shop, and while another guest tries findings 1 to 6. One
 * customer's limits are those of a real shop; those of an address are lifted, since both come from this machine.
 */
export async function measureRaids(
  stateDir: string,
): Promise<{ quietP99Ms: number; raided: Raided[]; pages: Page[] }> {
  const env = { gateway: { ADDRESS_LIMIT_PER_MINUTE: UNLIMITED, SESSION_LIMIT_PER_MINUTE: UNLIMITED } }
  const shop: Shop = await startShop({ root: ROOT, stateDir, useDefaultPorts: false, env })
  const { gateway, consul } = shop.urls
  const client = createShopClient(gateway)
  const crowd = createShopClient(gateway, { connections: 256, timeoutMs: 60_000 })
  try {
    await visit(await client.shopper(), () => true, VISITS)
    const quiet = await visit(await client.shopper(), () => true, VISITS)
    const raided: Raided[] = []
    for (const { what, run } of RAIDS) {
      const attacker = await crowd.shopper()
      raided.push({ what, ...(await guestDuring(client, () => run(attacker, gateway))) })
      await giveUp(attacker)
    }
    const pages = await Promise.all((await opsListeners(consul)).map(readPage))
    return { quietP99Ms: percentile(quiet.took, 0.99), raided, pages }
  } finally {
    await Promise.all([client.close(), crowd.close()])
    await shop.stop()
  }
}

async function guestDuring(client: ShopClient, raid: () => Promise<unknown>) {
  const guest: Shopper = await client.shopper()
  let isOver = false
  const visiting = visit(guest, () => isOver, VISITS)
  await raid()
  isOver = true
  const { failures, refused, took, orderIds } = await visiting
  const ends = await Promise.all(orderIds.map((id) => guest.settled(id, undefined, 60_000)))
  return {
    failures: failures.length,
    refused,
    lost: ends.filter(({ status }) => status !== 'COMPLETED').length,
    p99Ms: percentile(took, 0.99),
  }
}
