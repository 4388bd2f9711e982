import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import type { Browser, CDPSession } from 'playwright-core'
import { percentile } from '../percentiles.ts'
import { startOrders } from '../steady-orders.ts'
import { judge } from './budget.ts'
import { visit } from './pages.ts'

const PER_S = 10
const CLICKS = 30
const WATCHED_MS = 20_000
/** How often the console asks. */
const REFRESH_MS = 2_000
const HEAP_MINUTES = 2
const NAV = ['Orders', 'In flight', 'Instances', 'Queues', 'Overview']
const MIB = 1024 * 1024

/** Pages while the shop is bought from: how soon they answer a person, and what they take. */
export async function measureLive(browser: Browser, shop: Shop, client: ShopClient): Promise<void> {
  const orders = await startOrders(client, PER_S)
  try {
    await measureConsole(browser, shop)
    await measurePlate(browser, shop)
  } finally {
    await orders.stop()
  }
}

async function measureConsole(browser: Browser, shop: Shop): Promise<void> {
  const { page, devtools, leave } = await visit(browser, shop, { path: '/console', isOperator: true })
  await page.getByRole('heading', { level: 1 }).waitFor()
  for (let click = 0; click < CLICKS; click++) {
    await page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link', { name: NAV[click % NAV.length]!, exact: true })
      .click()
    await page.waitForTimeout(200)
  }
  const inputsMs = await page.evaluate<number[]>('seen.inputsMs')
  judge(
    `console, ${CLICKS} clicks while live, until the next paint, p95`,
    percentile(inputsMs, 0.95) || 16,
    100,
    'ms',
  )

  await page.evaluate('seen.longMs = 0')
  const before = await metricsOf(devtools)
  await page.waitForTimeout(WATCHED_MS)
  const after = await metricsOf(devtools)
  const work = (['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'] as const).reduce(
    (sum, name) => sum + after[name] - before[name],
    0,
  )
  judge('console, live, longest task', await page.evaluate<number>('seen.longMs'), 50, 'ms')
  judge('overview, one refresh with its charts', (work * 1_000) / (WATCHED_MS / REFRESH_MS), 20, 'ms', 1)

  await devtools.send('HeapProfiler.collectGarbage')
  const heap = (await metricsOf(devtools)).JSHeapUsedSize
  await page.waitForTimeout(HEAP_MINUTES * 60_000)
  await devtools.send('HeapProfiler.collectGarbage')
  const grown = ((await metricsOf(devtools)).JSHeapUsedSize - heap) / MIB
  judge(`console, heap after ${HEAP_MINUTES} minutes more`, grown, 5, 'MiB', 1)
  await leave()
}

/** The plate with as many points as a recording at its fastest gives. */
async function measurePlate(browser: Browser, shop: Shop): Promise<void> {
  const { page, devtools, leave } = await visit(browser, shop, {
    path: '/lab/patterns?without=acknowledgement',
  })
  await page.getByLabel('Speed').selectOption('16')
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.evaluate(
    'globalThis.frames = 0; (function count() { frames++; requestAnimationFrame(count) })(); undefined',
  )
  const before = await metricsOf(devtools)
  await page.waitForTimeout(REFRESH_MS)
  const after = await metricsOf(devtools)
  const frames = await page.evaluate<number>('frames')
  const perFrameMs = ((after.ScriptDuration - before.ScriptDuration) * 1_000) / Math.max(1, frames)
  judge('two plates at 16 ×, script of a frame', perFrameMs, 4, 'ms', 2)
  await leave()
}

const METRICS = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration', 'JSHeapUsedSize'] as const

async function metricsOf(devtools: CDPSession): Promise<Record<(typeof METRICS)[number], number>> {
  await devtools.send('Performance.enable')
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
  return Object.fromEntries(METRICS.map((name) => [name, of(name)])) as Record<
    (typeof METRICS)[number],
    number
  >
}
