import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { withShop } from './bench-shop.ts'
import { measureThroughput, ordersOf } from './orders.ts'
import { byLayer, type LayerTimes } from './profile/by-layer.ts'
import { PROFILED, profilerOf } from './profile/profiler.ts'
import { startOrders } from './steady-orders.ts'
import { add } from './table.ts'

const SAMPLED_US = 500
const SHOWN = 90
const IDLE_S = 60

/** Where the CPU goes in the processes of Node, of an order and of a shop that idles: by layer and service, and the dearest functions. */
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
      return { name, profiles, count }
    }
    const ofAnOrder = (us: number, orders: number) => `${(us / 1_000 / orders).toFixed(2)} ms`
    const ofACore = (us: number, seconds: number) => `${(us / 10_000 / seconds).toFixed(3)} %`
    const idle = await during('idle', () => delay(IDLE_S * 1_000, IDLE_S))
    show(idle, ofACore)
    const steady = await during('10/s', async () => {
      const asking = await startOrders(client, 10)
      await delay(20_000)
      const asked = await asking.stop()
      await until('every order to be final', async () => (await orders.count()).open === 0)
      return asked.filter(({ status }) => status === 202).length
    })
    show(steady, ofAnOrder)
    const busy = await during('64 shoppers', async () => {
      await measureThroughput(client, orders.count, 2_000, 64)
      return 2_000
    })
    show(busy, ofAnOrder)
  } finally {
    await orders.close()
  }
}

interface Profiled {
  name: string
  profiles: (readonly [service: string, LayerTimes])[]
  /** Of what it is shown by: orders, or seconds. */
  count: number
}

function show({ name, profiles, count }: Profiled, format: (us: number, count: number) => string): void {
  for (const [layer, us] of largest(totals(profiles.map(([, times]) => times.layers)))) {
    const parts = profiles.map(([service, { layers }]) => new Map([[service, layers.get(layer) ?? 0]]))
    const where = largest(totals(parts)).map(([service, part]) => `${service} ${format(part, count)}`)
    add(`${name}: ${layer}`, `${format(us, count)} (${where.join(', ')})`)
  }
  const functions = largest(totals(profiles.map(([, times]) => times.functions)))
  for (const [place, us] of functions.slice(0, SHOWN)) add(`  ${format(us, count)}`, place)
}

function totals(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const all = new Map<string, number>()
  for (const map of maps) for (const [key, value] of map) all.set(key, (all.get(key) ?? 0) + value)
  return all
}

const largest = (values: ReadonlyMap<string, number>) => [...values].sort(([, a], [, b]) => b - a)
