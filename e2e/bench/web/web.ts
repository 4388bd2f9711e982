import { serveControl } from '@lepton/local/control'
import { launchBrowser } from '../../browser/launch.ts'
import { operatorOf, withShop } from '../bench-shop.ts'
import { measureCost } from './cost.ts'
import { measureDelays } from './delays.ts'
import { measureIdle } from './idle.ts'
import { measureLab } from './lab.ts'
import { measureLive } from './live.ts'
import { measureLoads } from './loads.ts'
import { measureReads } from './reads.ts'
import { measureSources } from './sources.ts'

/** Every budget of the web app: what was measured, and its bar. */
export async function measureWeb(stateDir: string): Promise<void> {
  measureSources()
  await withShop(stateDir, async (shop, client) => {
    const closeControl = await serveControl(shop, () => undefined)
    const browser = await launchBrowser()
    const operator = await operatorOf(shop, client)
    try {
      await measureIdle(shop)
      await measureLoads(browser, shop)
      await measureLive(browser, shop, client)
      await measureCost(shop, operator)
      await measureDelays(browser, shop, client, operator)
      await measureLab(browser, shop)
      // Last: its copies of an order have neither stock nor payment, which breaks promises.
      await measureReads(browser, shop, client, operator)
    } finally {
      await browser.close()
      closeControl()
    }
  })
}
