import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { withShop } from './bench-shop.ts'
import { measureThroughput, ordersOf } from './orders.ts'
import { byLayer } from './profile/by-layer.ts'
import { PROFILED, profilerOf } from './profile/profiler.ts'
import { startOrders } from './steady-orders.ts'
import { add } from './table.ts'

const SAMPLED_US = 500
const SHOWN = 90

/** Where the CPU of an order goes in the processes of Node: by layer and process, and the dearest functions. */
export async function measureProfile(stateDir: string): Promise<void> {
  await withShop(stateDir, profile, { all: { NODE_OPTIONS: PROFILED } })
}

async function profile(shop: Shop, client: ShopClient): Promise<void> {
  const orders = ordersOf(shop)
  try {
    await measureThroughput(client, orders.count, 3_000, 32)
    const profilers = await Promise.all(
      shop
        .instances()
        .map(async ({ service, pid }) => [service, await profilerOf(pid!, SAMPLED_US)] as const),
    )
    const during = async (name: string, work: () => Promise<number>) => {
      await Promise.all(profilers.map(([, profiler]) => profiler.start()))
      const count = await work()
      const profiles = await Promise.all(
        profilers.map(async ([service, profiler]) => [service, byLayer(await profiler.stop())] as const),
      )
      show(name, profiles, count)
    }
    await during('10/s', async () => {
      const steady = await startOrders(client, 10)
      await delay(20_000)
      const asked = await steady.stop()
      await until('every order to be final', async () => (await orders.count()).open === 0)
      return asked.filter(({ status }) => status === 202).length
    })
    await during('64 shoppers', async () => {
      await measureThroughput(client, orders.count, 2_000, 64)
      return 2_000
    })
  } finally {
    await orders.close()
  }
}

type Times = ReturnType<typeof byLayer>

function show(name: string, profiles: readonly (readonly [string, Times])[], orders: number): void {
  const ms = (us: number) => `${(us / 1_000 / orders).toFixed(2)} ms`
  const all = totals(profiles.map(([, times]) => times.layers))
  for (const [layer, us] of largest(all)) {
    const services = totals(
      profiles.map(([service, { layers }]) => new Map([[service, layers.get(layer) ?? 0]])),
    )
    const where = largest(services).map(([service, part]) => `${service} ${ms(part)}`)
    add(`${name}: ${layer}`, `${ms(us)} of an order (${where.slice(0, 5).join(', ')})`)
  }
  for (const [place, us] of largest(totals(profiles.map(([, times]) => times.functions))).slice(0, SHOWN))
    add(`  ${ms(us)}`, place)
}

function totals(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const all = new Map<string, number>()
  for (const map of maps) for (const [key, value] of map) all.set(key, (all.get(key) ?? 0) + value)
  return all
}

const largest = (values: ReadonlyMap<string, number>) => [...values].sort(([, a], [, b]) => b - a)
