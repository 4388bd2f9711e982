import { readFile } from 'node:fs/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { becomeOperator } from '../../browser/sign-in.ts'

/** What a page loads late, it has loaded by then (ms). */
const SETTLED_MS = 1_500
/** Lighthouse's slow 4G. */
const SLOW_4G = {
  offline: false,
  latency: 150,
  downloadThroughput: (1.6 * 1024 * 1024 * 0.9) / 8,
  uploadThroughput: (750 * 1024 * 0.9) / 8,
}

export interface Visit {
  path: string
  /** How many times slower than this machine. */
  cpu?: number
  isSlow?: boolean
  width?: number
  isOperator?: boolean
}

export interface PageFigures {
  /** As they came over the wire, compressed. */
  scriptKb: number
  styleKb: number
  allKb: number
  paintMs: number
  shift: number
}

const READ = `(() => {
  const entries = performance.getEntriesByType('resource')
  const kb = (of) => of.reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1024
  return {
    scriptKb: kb(entries.filter((entry) => entry.name.endsWith('.js'))),
    styleKb: kb(entries.filter((entry) => entry.name.endsWith('.css'))),
    allKb: kb([...entries, ...performance.getEntriesByType('navigation')]),
    paintMs: seen.paintMs,
    shift: seen.shift,
  }
})()`

const OBSERVE = `
  globalThis.seen = { paintMs: 0, shift: 0, longMs: 0, inputsMs: [] }
  const watch = (type, onEntry, options = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(onEntry)).observe({ type, buffered: true, ...options })
  watch('largest-contentful-paint', (entry) => { seen.paintMs = entry.startTime })
  watch('layout-shift', (entry) => { seen.shift += entry.value })
  watch('longtask', (entry) => { seen.longMs = Math.max(seen.longMs, entry.duration) })
  watch('event', (entry) => { if (entry.interactionId) seen.inputsMs.push(entry.duration) }, { durationThreshold: 16 })`

/** A browser that knows nothing of the shop, on one of its pages. */
export async function visit(
  browser: Browser,
  shop: Shop,
  { path, cpu = 1, isSlow = false, width = 1280, isOperator = false }: Visit,
): Promise<{ page: Page; devtools: CDPSession; leave: () => Promise<void> }> {
  const context = await browser.newContext({
    baseURL: shop.urls.gateway,
    viewport: { width, height: 900 },
    locale: 'en-GB',
  })
  const page = await context.newPage()
  if (isOperator)
    await becomeOperator(page, shop.urls.gateway, (await readFile(shop.operatorSecretFile, 'utf8')).trim())
  const devtools = await context.newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: cpu })
  if (isSlow) {
    await devtools.send('Network.enable')
    await devtools.send('Network.emulateNetworkConditions', SLOW_4G)
  }
  await page.addInitScript({ content: OBSERVE })
  await page.goto(path)
  return { page, devtools, leave: () => context.close() }
}

/** Loads a page with an empty cache. */
export async function load(browser: Browser, shop: Shop, asked: Visit): Promise<PageFigures> {
  const { page, leave } = await visit(browser, shop, asked)
  try {
    await page.waitForTimeout(SETTLED_MS * (asked.cpu ?? 1) * (asked.isSlow ? 2 : 1))
    return await page.evaluate<PageFigures>(READ)
  } finally {
    await leave()
  }
}
