import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { measureThroughput, ordersOf } from '../orders.ts'
import { percentile } from '../percentiles.ts'
import { cpuSecondsWhole, processesOf, sum } from '../processes.ts'
import { add, note } from '../table.ts'
import { judge } from './budget.ts'

const PAIRS = 6
const ORDERS = 600
const SHOPPERS = 64
const WATCHED_S = 20
/** What an open overview asks for, and how often (ms). */
const ASKED = [
  ['/ops/overview', 2_000],
  ['/ops/series?names=accepted_per_s,completed_p50_ms&last_s=300', 4_000],
  ['/ops/promises', 4_000],
  ['/ops/streams/windows?per=minute&limit=60', 10_000],
] as const

/**
 * What a console that is open costs the shop: the CPU of its answers, and the orders a second of shoppers who never pause,
 * without it and with it. What is asked is what a browser asks; the browser itself would take more of this machine than all
 * answers (its part is the refresh of the overview).
 */
export async function measureCost(shop: Shop, client: ShopClient, operator: Shopper): Promise<void> {
  const closed = await cpuOf(shop)
  const open = await whileOpen(operator, () => cpuOf(shop))
  note('an open console, CPU of all that answers it', ((open - closed) / WATCHED_S) * 100, '% of a core', 1)

  const orders = ordersOf(shop)
  const perS = async () => (await measureThroughput(client, orders.count, ORDERS, SHOPPERS)).completedPerS
  await perS()
  const costs: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    // A shop gets slower as its tables grow: each comes first as often.
    const isOpenFirst = pair % 2 === 1
    const first = isOpenFirst ? await whileOpen(operator, perS) : await perS()
    const second = isOpenFirst ? await perS() : await whileOpen(operator, perS)
    const [without, beside] = isOpenFirst ? [second, first] : [first, second]
    costs.push((1 - beside / without) * 100)
  }
  await orders.close()
  judge(
    `orders a second, cost of an open console, median of ${PAIRS} pairs`,
    percentile(costs, 0.5),
    2,
    '%',
    1,
  )
  add('  each pair', costs.map((cost) => `${cost.toFixed(1)} %`).join(', '))
}

async function whileOpen<T>(operator: Shopper, work: () => Promise<T>): Promise<T> {
  const ask = (path: string) => void operator.ask('GET', `/api/v1${path}`).catch(() => undefined)
  const asking = ASKED.map(([path, everyMs]) => setInterval(ask, everyMs, path))
  try {
    return await work()
  } finally {
    asking.forEach(clearInterval)
  }
}

/** Of the whole shop, servers included, while nobody buys. */
async function cpuOf(shop: Shop): Promise<number> {
  const pids = processesOf(shop).flatMap(({ pids: own }) => own)
  const before = sum(pids, cpuSecondsWhole)
  await delay(WATCHED_S * 1_000)
  return sum(pids, cpuSecondsWhole) - before
}
