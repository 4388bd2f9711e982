import { createShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { ChaosShop } from './chaos-shop.ts'

const READY_TIMEOUT_MS = 60_000

/** Every process runs, and a customer is served. */
export async function everythingReady(shop: ChaosShop): Promise<void> {
  const isReady = () =>
    [...shop.instances(), ...shop.servers()].every(({ status }) => status === 'ready' || status === 'given')
  await until('every process to be ready', isReady, { timeoutMs: READY_TIMEOUT_MS, everyMs: 50 })
  for (const gateway of shop.gateways()) {
    const client = createShopClient(gateway, { connections: 1, timeoutMs: 2_000 })
    try {
      await until(
        `${gateway} to serve`,
        async () => (await client.ask('GET', '/api/v1/products?limit=1')).status === 200,
        { timeoutMs: READY_TIMEOUT_MS, everyMs: 100 },
      )
    } finally {
      await client.close()
    }
  }
}
