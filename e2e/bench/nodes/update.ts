import { setTimeout as delay } from 'node:timers/promises'
import { kubectl } from '@lepton/cluster/cluster'
import { SHOP_SERVICES } from '@lepton/cluster/try'
import { runShop } from '../../cluster-command.ts'
import { type Outcome, startLoad } from '../../load.ts'
import { type ShopOnNodes, untilComplete } from './shop-on-nodes.ts'

const HEALTHY_MS = 5_000

/** Replaces every instance while people shop, and tells what they met. */
export async function update(
  shop: ShopOnNodes,
  isRelease: boolean,
  shoppers: number,
): Promise<Outcome & { tookMs: number }> {
  await untilComplete(shop)
  await using load = await startLoad(shop.client, shoppers)
  await delay(HEALTHY_MS)
  const startedAt = performance.now()
  if (isRelease) await runShop()
  else await restart(shop)
  // The last ones that were replaced still answer for a while.
  await untilComplete(shop)
  const tookMs = performance.now() - startedAt
  await delay(HEALTHY_MS)
  return { ...(await load.stop()), tookMs }
}

/** One service after the other: nodes that share a machine's cores would start six processes at once. */
async function restart({ cluster, tools }: ShopOnNodes): Promise<void> {
  const names = await kubectl(cluster, tools, 'get', 'deployments', ...SHOP_SERVICES, '--output=name')
  for (const name of names.trim().split('\n')) {
    for (const step of ['restart', 'status'])
      await kubectl(cluster, tools, '--namespace=lepton', 'rollout', step, name)
  }
}
