import { expect, it } from '@jest/globals'
import { addToCart, order, sees, shortId } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'
import { breakableProduct, BROKEN_PRODUCT } from './rule.ts'

/** Five tries of a record take a second and a half before it is a dead letter. */
const DEAD_TIMEOUT_MS = 30_000

async function buy({ page }: Person): Promise<string> {
  await addToCart(page, BROKEN_PRODUCT)
  return order(page)
}

async function seesStuck({ page }: Person, orderId: string): Promise<void> {
  await page.goto(`/console/orders/${orderId}`)
  await page
    .getByRole('heading', { level: 1, name: /^Stuck: inventory could not apply/ })
    .waitFor({ timeout: DEAD_TIMEOUT_MS })
}

/** What is wrong is seen where it happened, and put right for exactly what was looked at. */
export function repairing(): void {
  it(
    'reads why an order is stuck in one sentence, two clicks from the overview',
    asPerson(async (person) => {
      const { page } = person
      await using product = await breakableProduct()
      const orderId = await product.order()
      await becomeOperator(person)
      await page.goto('/console')
      await page.getByRole('link', { name: 'Dead letters' }).click()
      await page.getByRole('link', { name: `Order ${shortId(orderId)}` }).click()

      await sees(page, /^Stuck: inventory could not apply “placed”/)
      expect(page.url()).toMatch(new RegExp(`/console/orders/${orderId}$`))
      await product.replay(orderId)
    }),
  )

  it(
    'finds why an order is stuck, applies what was looked at and nothing that came since, and completes it',
    asPerson(async (person) => {
      const { page } = person
      await using product = await breakableProduct()
      const first = await buy(person)
      await becomeOperator(person)
      await seesStuck(person, first)
      await page.goto('/console/dead-letters')
      await sees(page, /^1 event could not be applied/)
      await page.getByRole('button', { name: 'Look first' }).click()
      await page.getByRole('cell', { name: 'would be applied' }).waitFor()

      const tab = { ...person, page: await person.tab() }
      const second = await buy(tab)
      await seesStuck(tab, second)
      await page.getByText('+1 since you looked: left alone').waitFor()
      await product.repair()
      await page.getByRole('button', { name: 'Apply exactly this one' }).click()

      await page.goto(`/console/orders/${first}`)
      await sees(page, /^Completed/)
      await page.goto('/console/dead-letters')
      await sees(page, /^1 event could not be applied/)
      await page.getByRole('button', { name: 'Look first' }).click()
      await page.getByRole('button', { name: 'Apply exactly this one' }).click()
      await page.goto(`/console/orders/${second}`)
      await sees(page, /^Completed/)
    }),
  )
}
