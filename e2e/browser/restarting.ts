import { expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { operator, target } from '../journeys/world.ts'
import type { Overview } from '@lepton/contracts/console'
import { until } from '@lepton/testing/until'
import { addToCart, order, sees } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'

/** From the moment in which the process is ready again until the page has something new of it. */
const LIVE_MS = 3_000
/** The bank is asked again after some seconds, and by a machine that has much else to do. */
const SETTLED_MS = 60_000

const answered = (page: Page, path: string) =>
  page.waitForResponse((answer) => answer.url().endsWith(path) && answer.ok(), { timeout: 30_000 })

async function acceptedOrders(): Promise<number> {
  const { body } = await operator.ask<Overview>('GET', '/api/v1/ops/overview')
  return body.orders?.accepted ?? 0
}

/** Pages that are open while what serves them is replaced. */
export function restarting(): void {
  it.each(['gateway', 'ops'] as const)(
    'is live again within 3 s of a killed %s, and misses nothing',
    async (service) => {
      await asPerson(async (person: Person) => {
        const { page } = person
        await becomeOperator(person)
        const [landing, console] = [await person.tab(), await person.tab()]
        await landing.goto('/')
        await landing.getByText(/instances answer/).waitFor()
        await console.goto('/console')
        await sees(console, /instances answer/)
        await addToCart(page, 'monitor-stand')
        // The bank's first answer never comes: the order is in flight for some seconds.
        await order(page, { card: 'No answer' })
        const accepted = await until(
          'the order is counted',
          async () => (await acceptedOrders()) || undefined,
        )

        const streamOpens = answered(landing, '/pulse/stream')
        // All of them: which one has the pages' streams is not known.
        await Promise.all((await target.instances(service)).map((instance) => target.crash(instance)))
        const backAt = performance.now()
        await Promise.all([streamOpens, answered(console, '/ops/overview')])

        expect(performance.now() - backAt).toBeLessThan(LIVE_MS)
        await landing.getByText(/instances answer/).waitFor()
        await sees(console, /instances answer/)
        await sees(page, 'Done: yours, and charged once.', SETTLED_MS)
        await until('no order is missing', async () => (await acceptedOrders()) >= accepted)
      })()
    },
  )
}
