import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ScalingView } from '@lepton/contracts/scaling'
import { serveControl } from '@lepton/local/control'
import { ROOT } from '@lepton/local/root'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient, Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { operatorOf, withShop } from './bench-shop.ts'
import { measureThroughput, ordersOf } from './orders.ts'
import { reconciled } from './reconciled.ts'
import { answersTo, startOrders, type Asked } from './steady-orders.ts'
import { add } from './table.ts'

const SERVICE = 'order'
const LIMITS = { min: 1, max: 4 }
/** An order has four records for the service, and each counts until its group's next commit: with the load grows the lag. */
const FIGURE = 'lag=20'
/** Of what the machine can do, as a share, and no more than is asked for: the rest is left to the new processes' starts. */
const BUSY_SHARE = 0.4
const MAX_BUSY_PER_S = 80
const QUIET_PART = 16
const CALIBRATION = { orders: 300, shoppers: 16 }
/** For the size to reach its end in a phase. */
const TIMEOUT_MS = 240_000
const QUIET_MS = 15_000
const BUSY_MS = 60_000
const CLI = join(ROOT, 'infra', 'local', 'src', 'cli.ts')

interface Size {
  atMs: number
  instances: number
  words: string
}

interface Phase {
  perS: number
  asked: readonly Asked[]
  tookMs: number
}

/** `pnpm shop scale order=1..4` under orders that come sixteen times as often for a while as before and afterwards: sizes over time, and what failed. */
export async function measureScaling(stateDir: string): Promise<void> {
  await withShop(
    stateDir,
    async (shop, client) => {
      const stopControl = await serveControl(shop, () => undefined)
      try {
        const operator = await operatorOf(shop, client)
        const scale = [`scale`, `${SERVICE}=${LIMITS.min}..${LIMITS.max}`, '--on', FIGURE]
        const where = ['--state-dir', shop.stateDir]
        await promisify(execFile)(process.execPath, [CLI, ...scale, ...where])
        await follow(shop, client, operator)
      } finally {
        stopControl()
      }
    },
    { instances: { [SERVICE]: LIMITS.min } },
  )
}

async function follow(shop: Shop, client: ShopClient, operator: Shopper): Promise<void> {
  const orders = ordersOf(shop)
  const { completedPerS } = await measureThroughput(
    client,
    orders.count,
    CALIBRATION.orders,
    CALIBRATION.shoppers,
  )
  const busyPerS = Math.max(1, Math.min(MAX_BUSY_PER_S, Math.round(completedPerS * BUSY_SHARE)))
  const quietPerS = busyPerS / QUIET_PART
  add('16 shoppers without pause', `${completedPerS.toFixed(0)} COMPLETED a second`)
  await until('one instance', async () => (await sizeOf(operator))?.size === LIMITS.min, {
    timeoutMs: TIMEOUT_MS,
  })
  const watch = watchSizes(operator)
  const phases = [
    await load(client, quietPerS, QUIET_MS, () => true),
    await load(client, busyPerS, BUSY_MS, () => watch.latest() !== LIMITS.min),
    await load(client, quietPerS, QUIET_MS, () => watch.latest() === LIMITS.min),
  ]
  const sizes = await watch.stop()
  await until('every order to be final', async () => (await orders.count()).open === 0, {
    timeoutMs: TIMEOUT_MS,
  })
  await orders.close()

  for (const { perS, asked, tookMs } of phases) {
    add(
      `${perS.toFixed(1)} orders/s for ${(tookMs / 1_000).toFixed(0)} s`,
      `asked ${((asked.length / tookMs) * 1_000).toFixed(1)}/s, ${answersTo(asked)}`,
    )
  }
  for (const { atMs, instances, words } of sizes)
    add(`  after ${(atMs / 1_000).toFixed(0)} s`, `${instances} instances of ${SERVICE}: ${words}`)
  add('  reconcile', await reconciled(await operatorOf(shop, client)))
}

/** Orders at a pace for a time at least, and until a condition holds. */
async function load(
  client: ShopClient,
  perS: number,
  leastMs: number,
  isEnough: () => boolean,
): Promise<Phase> {
  const startedAt = performance.now()
  const orders = await startOrders(client, perS)
  const isOver = () => performance.now() - startedAt >= leastMs && isEnough()
  // Where the size does not get there, the sizes that were printed say how far it came.
  await until(`the size for ${perS.toFixed(1)} orders/s`, isOver, {
    timeoutMs: TIMEOUT_MS,
    everyMs: 200,
  }).catch((error: unknown) => add(`  ${perS.toFixed(1)} orders/s`, (error as Error).message))
  const tookMs = performance.now() - startedAt
  return { perS, asked: await orders.stop(), tookMs }
}

async function sizeOf(operator: Shopper): Promise<ScalingView | undefined> {
  const { body } = await operator.ask<{ items: ScalingView[] }>('GET', '/api/v1/ops/scaling')
  return body.items.find(({ service }) => service === SERVICE)
}

/** Each size of the service, as its operator sees it. */
function watchSizes(operator: Shopper) {
  const startedAt = performance.now()
  const sizes: Size[] = []
  let isStopped = false

  async function look(): Promise<void> {
    const view = await sizeOf(operator)
    if (view === undefined || view.size === sizes.at(-1)?.instances) return
    sizes.push({ atMs: performance.now() - startedAt, instances: view.size, words: view.words })
  }

  const watching = until('the end of the measurement', async () => (await look(), isStopped), {
    timeoutMs: 3 * TIMEOUT_MS,
    everyMs: 500,
  })
  return {
    latest: () => sizes.at(-1)?.instances,
    stop: async () => {
      isStopped = true
      await watching
      return sizes
    },
  }
}
