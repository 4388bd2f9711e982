import type { Shop } from '@lepton/local/shop-types'
import type { Browser } from 'playwright-core'
import { judge } from './budget.ts'
import { load, type PageFigures } from './pages.ts'

const ROUNDS = 3
const SHOP = { path: '/shop' }
const PHONE = { path: '/shop', cpu: 4, width: 390 }

/** What a browser loads with an empty cache, and how soon it shows it: the median of three loads. */
export async function measureLoads(browser: Browser, shop: Shop): Promise<void> {
  const median = async (asked: Parameters<typeof load>[2]): Promise<PageFigures> => {
    const loads: PageFigures[] = []
    for (let round = 0; round < ROUNDS; round++) loads.push(await load(browser, shop, asked))
    return loads.toSorted((a, b) => a.paintMs - b.paintMs)[Math.floor(ROUNDS / 2)]!
  }
  // A shop that has just started compiles as it answers: the first load is not counted.
  await load(browser, shop, SHOP)
  const near = await median(SHOP)
  const console = await median({ path: '/console', isOperator: true })
  judge('shop, script', near.scriptKb, 115, 'KB')
  judge('shop, style', near.styleKb, 12, 'KB')
  judge('shop, first view in all, with its 24 pictures', near.allKb, 190, 'KB')
  judge('console, script beyond the shop’s', console.scriptKb - near.scriptKb, 60, 'KB')
  const patterns = await median({ path: '/lab/patterns?without=outbox' })
  judge('a recorded pair, everything of its page', patterns.allKb, 190, 'KB')
  judge('shop, largest paint', near.paintMs, 400, 'ms')
  judge('shop, largest paint, CPU 4 × slower', (await median({ ...SHOP, cpu: 4 })).paintMs, 1_200, 'ms')
  judge(
    'shop, largest paint, CPU 4 × slower, slow 4G, 390 px',
    (await median({ ...PHONE, isSlow: true })).paintMs,
    2_200,
    'ms',
  )
  judge('console, largest paint', console.paintMs, 800, 'ms')
  judge('shop, layout shift', near.shift, 0.01, '', 3)
  judge('console, layout shift', console.shift, 0.1, '', 3)
}
