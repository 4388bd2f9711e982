import { until } from '@lepton/testing/until'
import { expect, it } from '@jest/globals'
import { PATTERNS } from '@lepton/contracts/patterns'
import { client, settled, target } from '../journeys/world.ts'
import { MUTANTS } from '../chaos/mutants/mutants.ts'
import { sees } from './acts.ts'
import { asPerson, becomeOperator } from './browser.ts'

/** A pair that a page runs takes so long at most. */
const RUN_MS = 240_000
const STARTS_MS = 500

const lane = (name: 'With' | 'Without') => ({ name: new RegExp(`^${name} `) })

/** What breaks when a pattern is left out. */
export function patterns(): void {
  it(
    'finds in every recorded pair the promise that was foretold to break, and the intact shop beside it',
    asPerson(async ({ page, complaints }) => {
      await page.goto('/')
      await page.getByRole('link', { name: /Leave a pattern out/ }).click()
      await sees(page, 'Leave a pattern out')

      for (const pattern of PATTERNS) {
        await page.getByLabel('Leave out').selectOption(pattern)
        await page.waitForURL(new RegExp(`without=${pattern}$`))
        await page.getByRole('region', lane('With')).getByText('all promises kept').waitFor()

        const foretold = MUTANTS[pattern].caughtBy
        await page.getByText(`Foretold to break: ${foretold.join(' or ')}.`).waitFor()
        const named = page.getByRole('region', lane('Without')).getByText(/^broken: /)
        // Until the recording has come, the lane shows the one before.
        await until(`${pattern}: one of ${foretold.join(', ')} is broken`, async () => {
          const broken = (await named.innerText()).slice('broken: '.length).split(', ')
          return broken.some((id) => foretold.some((one) => one === id))
        })
      }
      expect(complaints()).toEqual([])
    }),
  )

  it(
    'replays a pair: its figures begin again at once, and end where they were',
    asPerson(async ({ page }) => {
      await page.goto('/lab/patterns?without=inbox')
      const without = page.getByRole('region', lane('Without'))
      const figures = () => without.getByRole('definition').allInnerTexts()
      await without.getByText(/^broken: /).waitFor()
      const atTheEnd = await figures()

      await page.getByLabel('Speed').selectOption('16')
      await page.getByRole('button', { name: 'Replay' }).click()
      await without.getByText('attacked').waitFor({ timeout: STARTS_MS })

      await without.getByText(/^broken: /).waitFor()
      expect(await figures()).toEqual(atTheEnd)
    }),
  )

  it(
    'says what to type where pages may not start a shop',
    asPerson(async ({ page }) => {
      await page.route('**/api/v1/session', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({
          response: answer,
          json: { ...((await answer.json()) as object), runtime: 'compose' },
        })
      })
      await page.goto('/lab/patterns?without=inbox')

      await page.getByText('corepack pnpm chaos --mutants --only inbox').waitFor()
      expect(await page.getByRole('button', { name: 'Run this pair now' }).isDisabled()).toBe(true)
    }),
  )

  // Docker Compose gives no page the right to start a shop.
  const itRuns = target.inside === undefined ? it.skip : it
  itRuns(
    'runs a pair here, beside the shop, which goes on selling; stopped, it leaves room for the next',
    asPerson(async (person) => {
      const { page } = person
      await becomeOperator(person)
      await page.goto('/lab/patterns?without=tombstone')
      await page.getByRole('button', { name: 'Run this pair now' }).click()
      await page.getByText(/^Without the tombstone: the shop starts/).waitFor()
      await page.getByRole('button', { name: 'Stop', exact: true }).click()
      await page.getByText('stopped: the tombstone').waitFor()

      await page.getByLabel('Leave out').selectOption('idempotency')
      await page.getByRole('button', { name: 'Run this pair now' }).click()
      await page.getByText(/^Without the idempotency key: customers buy/).waitFor({ timeout: RUN_MS })
      const shopper = await client.shopper()
      const orderId = await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
      await settled(shopper, orderId, ['COMPLETED'])

      await page.getByText('done: the idempotency key').waitFor({ timeout: RUN_MS })
      await page.getByRole('button', { name: 'Show what came of it' }).click()
      await page.getByText(/Run here on .*, seed 1\.$/).waitFor()
      await page.getByRole('region', lane('With')).getByText('all promises kept').waitFor()
      expect(
        await page
          .getByRole('region', lane('Without'))
          .getByText(/^broken: /)
          .innerText(),
      ).toContain('I4')
    }),
    2 * RUN_MS,
  )
}
