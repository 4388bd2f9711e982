import { it } from '@jest/globals'
import { target } from '../journeys/world.ts'
import { addToCart, order, sees } from './acts.ts'
import { asPerson, becomeOperator, type Person } from './browser.ts'

/** Five tries of a record take a second and a half before it is a dead letter. */
const DEAD_TIMEOUT_MS = 30_000
const PRODUCT = 'picnic-blanket'
/** A rule that nothing foresaw: what breaks it can be applied when the rule is gone. */
const RULE = {
  add: `alter table stock_ledger add constraint journey_rule check (product_id <> '${PRODUCT}' or kind <> 'RESERVE') not valid`,
  drop: 'alter table stock_ledger drop constraint if exists journey_rule',
}

async function buy({ page }: Person): Promise<string> {
  await addToCart(page, PRODUCT)
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
    'finds why an order is stuck, applies what was looked at and nothing that came since, and completes it',
    asPerson(async (person) => {
      const { page } = person
      await target.alter('inventory', RULE.add)
      try {
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
        await target.alter('inventory', RULE.drop)
        await page.getByRole('button', { name: 'Apply exactly these 1' }).click()

        await page.goto(`/console/orders/${first}`)
        await sees(page, /^Completed/)
        await page.goto('/console/dead-letters')
        await sees(page, /^1 event could not be applied/)
        await page.getByRole('button', { name: 'Look first' }).click()
        await page.getByRole('button', { name: 'Apply exactly these 1' }).click()
        await page.goto(`/console/orders/${second}`)
        await sees(page, /^Completed/)
      } finally {
        await target.alter('inventory', RULE.drop)
      }
    }),
  )
}
