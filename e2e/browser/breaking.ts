import { expect, it } from '@jest/globals'
import { startLoad } from '../load.ts'
import { client, target } from '../journeys/world.ts'
import { sees } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'

/** A killed broker takes seconds to come back, and the crowd's last order some more. */
const VERDICT_TIMEOUT_MS = 100_000
/** From the click to the red ring, by the launcher's own word. */
const SEEN_TIMEOUT_MS = 6_000
/** A process needs its share of a busy machine to start. */
const STARTS_TIMEOUT_MS = 60_000
const SHOPPERS = 4

export function breaking(): void {
  // Docker Compose gives no page the right to kill: there the lab says what to type.
  const itKills = target.inside === undefined ? it.skip : it

  itKills.each(['one order service', 'Kafka', 'PostgreSQL', 'the bank'])(
    'kills %s while buying, and loses nothing',
    async (victim) => {
      await asPerson(async ({ page, complaints }) => {
        await page.goto('/')
        await page.getByRole('link', { name: 'Buy something and kill a service' }).click()
        await page.getByText(victim, { exact: true }).click()
        await page.getByRole('button', { name: `Buy, and kill ${victim}` }).click()

        await page.getByText('It is dead').waitFor({ timeout: SEEN_TIMEOUT_MS })
        const reached = page.getByRole('region', { name: /^Nothing was lost|^Not everything/ })
        await reached.waitFor({ timeout: VERDICT_TIMEOUT_MS })

        const verdict = await reached.innerText()
        expect(verdict).toMatch(/^Nothing was lost\./)
        expect(verdict).toMatch(/Your order: completed after [\d.]+ m?s, charged once\./)
        expect(verdict).toMatch(/The crowd: (\d+) orders accepted, \1 ended\./)
        expect(verdict).toMatch(/The books: 12 of 12 promises kept\./)
        // While the victim was away, requests may have failed and been sent again; nothing else may have gone wrong.
        expect(complaints().filter((text) => !text.startsWith('Failed to load resource'))).toEqual([])
      })()
    },
  )

  itKills(
    'adds an instance in the console, drains it, and takes it away again, while shoppers buy',
    asPerson(async (person) => {
      const { page } = person
      await using load = await startLoad(client, SHOPPERS)
      await becomeOperator(person)
      await page.goto('/console/instances')
      await page.getByRole('button', { name: 'Add one instance of cart' }).click()
      await confirm(person, 'Add one')
      await page.getByRole('row', { name: /^cart-3 answers/ }).waitFor({ timeout: STARTS_TIMEOUT_MS })

      await page.getByRole('link', { name: 'Calls' }).click()
      const called = page.getByRole('region', { name: 'gateway → cart' })
      await called.getByRole('button', { name: 'Drain cart-3' }).click()
      await confirm(person, 'Apply')
      await called.getByRole('row', { name: /^cart-3 drained/ }).waitFor()
      await called.getByRole('button', { name: 'Use cart-3 again' }).click()
      await confirm(person, 'Apply')
      await called.getByRole('row', { name: /^cart-3 healthy/ }).waitFor()

      await page.getByRole('link', { name: 'Instances' }).click()
      await page.getByRole('button', { name: 'Remove cart-3' }).click()
      await confirm(person, 'Remove')

      await page.getByRole('row', { name: /^cart-3 answers/ }).waitFor({ state: 'detached' })
      await page.goto('/console')
      await sees(page, /instances answer/)
      await page.getByText('remove: done').first().waitFor()
      expect((await load.stop()).failures).toEqual([])
    }),
  )
}

async function confirm({ page }: Person, act: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: act }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
}
