import type { Browser } from 'playwright-core'
import { launchBrowser } from '../browser/launch.ts'

const PATHS = ['/', '/shop', '/shop/p/desk-lamp', '/lab', '/console']
/** As fast as this machine, and a phone. */
const CPU_FACTORS = [1, 4]
/** What a page loads late, it has loaded by then (ms). */
const SETTLED_MS = 1_500

export interface PageFigures {
  path: string
  cpu: number
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
  globalThis.seen = { paintMs: 0, shift: 0 }
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { seen.paintMs = entry.startTime }))
    .observe({ type: 'largest-contentful-paint', buffered: true })
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { seen.shift += entry.value }))
    .observe({ type: 'layout-shift', buffered: true })`

/** Loads each page with an empty cache. */
export async function measurePages(gateway: string): Promise<PageFigures[]> {
  const browser = await launchBrowser()
  try {
    const figures: PageFigures[] = []
    for (const cpu of CPU_FACTORS)
      for (const path of PATHS) figures.push(await load(browser, gateway, path, cpu))
    return figures
  } finally {
    await browser.close()
  }
}

async function load(browser: Browser, gateway: string, path: string, cpu: number): Promise<PageFigures> {
  const context = await browser.newContext({
    baseURL: gateway,
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
  })
  try {
    const page = await context.newPage()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: cpu })
    await page.addInitScript({ content: OBSERVE })
    await page.goto(path)
    await page.waitForTimeout(SETTLED_MS * cpu)
    return { path, cpu, ...(await page.evaluate<Omit<PageFigures, 'path' | 'cpu'>>(READ)) }
  } finally {
    await context.close()
  }
}
