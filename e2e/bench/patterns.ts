import { join } from 'node:path'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { type BenchOptions, withShop } from './bench-shop.ts'
import { measureThroughput, ordersOf } from './orders.ts'
import { cpuSeconds, processesOf, sum } from './processes.ts'
import { note } from './table.ts'

const WITHOUT: Record<string, BenchOptions> = {
  inbox: { without: 'inbox' },
  outbox: { without: 'outbox' },
  idempotency: { without: 'idempotency' },
  signatures: { all: { EVENT_SIGNATURES: 'off' } },
}

/**
 * What the patterns cost: the same orders at the same time on a shop with all of them and on one that leaves one out,
 * so that both have the same machine. Compared is the CPU that an order takes in all processes of its shop.
 */
export async function measurePatterns(stateDir: string): Promise<void> {
  for (const [without, options] of Object.entries(WITHOUT)) {
    let costs: number[] = []
    await withShop(join(stateDir, `with-${without}`), (shop, client) =>
      withShop(
        join(stateDir, `without-${without}`),
        async (other, otherClient) => {
          await Promise.all([cpuOfOrder(shop, client, 500), cpuOfOrder(other, otherClient, 500)])
          costs = await Promise.all([cpuOfOrder(shop, client, 2_000), cpuOfOrder(other, otherClient, 2_000)])
        },
        options,
      ),
    )
    const [all, less] = costs as [number, number]
    note('CPU of an order, every pattern', all * 1000, 'ms', 1)
    note(`  without ${without}, at the same time`, less * 1000, 'ms', 1)
    note(`  price of ${without}`, (all / less - 1) * 100, '%', 1)
  }
}

/** CPU seconds of the whole shop, servers included, for one of many orders until it is COMPLETED. */
async function cpuOfOrder(shop: Shop, client: ShopClient, count: number): Promise<number> {
  const orders = ordersOf(shop)
  const used = () => processesOf(shop).reduce((total, { pids }) => total + sum(pids, cpuSeconds), 0)
  const before = used()
  const { completedShare } = await measureThroughput(client, orders.count, count, 8)
  const cpuS = used() - before
  await orders.close()
  if (completedShare < 1)
    throw new Error(`${Math.round(count * (1 - completedShare))} orders were not COMPLETED`)
  return cpuS / count
}
