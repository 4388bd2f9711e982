import { until } from '@lepton/testing/until'
import { expect, it } from '@jest/globals'
import { chargesOf, client, target } from '../journeys/world.ts'
import { addToCart, arriveAtOrder, order, sees, shortId } from './acts.ts'
import { asPerson, becomeOperator } from './browser.ts'
import { press, tabTo } from './keys.ts'
import { breakableProduct } from './rule.ts'

const VERDICT_TIMEOUT_MS = 60_000

/** Shopping, breaking and repairing without a mouse. */
export function keyboard(): void {
  it(
    'buys a desk lamp in two phases',
    asPerson(async ({ page, complaints }) => {
      await page.goto('/shop')
      await press(page, page.getByRole('link', { name: 'Desk Lamp' }))
      await press(page, page.getByRole('button', { name: 'Add to cart' }))
      await press(page, page.getByRole('button', { name: 'Cart, 1 unit' }))
      await press(page, page.getByRole('dialog').getByRole('link', { name: 'Check out' }))
      await sees(page, 'Check out')
      await tabTo(page, page.getByRole('radio', { name: 'By events' }))
      await page.keyboard.press('ArrowDown')
      expect(await page.getByRole('radio', { name: 'In two phases' }).isChecked()).toBe(true)
      await press(page, page.getByRole('button', { name: 'Order and pay € 79.00' }))

      const orderId = await arriveAtOrder(page)
      await sees(page, 'Done: yours, and charged once.')
      expect(await chargesOf(orderId)).toMatchObject([{ state: 'CAPTURED', amount_minor: 7_900 }])
      expect(complaints()).toEqual([])
    }),
  )

  // Docker Compose gives no page the right to kill.
  const itKills = target.inside === undefined ? it.skip : it
  itKills(
    'kills an order service while buying',
    asPerson(async (person) => {
      const { page } = person
      await becomeOperator(person)
      await page.goto('/')
      await press(page, page.getByRole('link', { name: 'Buy something and kill a service' }))
      await sees(page, 'Kill something while buying')
      await press(page, page.getByRole('button', { name: 'Buy, and kill one order service' }))
      await page.getByRole('region', { name: /^Nothing was lost/ }).waitFor({ timeout: VERDICT_TIMEOUT_MS })
    }),
  )

  it(
    'finds why an order is stuck, and applies its event again',
    asPerson(async (person) => {
      const { page } = person
      await using product = await breakableProduct()
      const orderId = await product.order()
      await becomeOperator(person)
      await page.goto('/console')
      await press(page, page.getByRole('link', { name: 'Dead letters' }))
      await sees(page, /^1 event could not be applied/)
      await press(page, page.getByRole('button', { name: 'Look first' }))
      await page.getByRole('cell', { name: 'would be applied' }).waitFor()
      await product.repair()
      await press(page, page.getByRole('button', { name: 'Apply exactly this one' }))

      await press(page, page.getByRole('link', { name: 'Orders', exact: true }))
      const search = page.getByRole('searchbox')
      await tabTo(page, search)
      await page.keyboard.type(orderId)
      await page.keyboard.press('Enter')
      await page.waitForURL(/query=/)
      await press(
        page,
        page
          .getByRole('cell')
          .getByRole('link', { name: shortId(orderId), exact: true })
          .first(),
      )
      await sees(page, /^Completed/)
    }),
  )

  it(
    'searches, goes from row to row, pauses the figures, and finds out by which keys',
    asPerson(async (person) => {
      const { page, complaints } = person
      await addToCart(page, 'monitor-stand')
      const orderId = await order(page)
      await becomeOperator(person)
      await page.goto('/console')
      await sees(page, /instances answer/)

      await page.keyboard.press('/')
      const search = page.getByRole('searchbox')
      await search.and(page.locator(':focus')).waitFor()
      // In a field a key is a letter.
      await page.keyboard.type('jkp')
      expect(await search.inputValue()).toBe('jkp')
      await search.fill(orderId)
      await page.keyboard.press('Enter')
      await page.waitForURL(/query=/)
      // The orders of all are shown until the one is found.
      await until('it is found', async () => (await page.locator('main tbody tr').count()) === 1)
      const row = page.getByRole('cell').getByRole('link').first()

      await search.blur()
      await page.keyboard.press('p')
      await page.getByText('paused', { exact: true }).waitFor()
      const came = page.getByText(/^\+\d+ new orders?$/)
      const shopper = await client.shopper()
      // One that is placed before the first pulse has come is not new: it was there when the count began.
      await until(
        'an order is seen to come',
        async () => {
          await shopper.place([{ item_id: 'desk-mat', quantity: 1 }])
          return (await came.count()) > 0
        },
        { everyMs: 500 },
      )
      expect(await page.locator('main tbody tr').count()).toBe(1)
      await page.keyboard.press('p')
      await page.getByText('paused', { exact: true }).waitFor({ state: 'detached' })
      await came.waitFor({ state: 'detached' })

      await page.keyboard.press('?')
      const keys = page.getByRole('dialog', { name: 'Keys' })
      await keys.waitFor()
      await page.keyboard.press('Escape')
      await keys.waitFor({ state: 'hidden' })
      await page.keyboard.press('j')
      await row.and(page.locator(':focus')).waitFor()
      await page.keyboard.press('Enter')
      await page.waitForURL(new RegExp(`/console/orders/${orderId}$`))
      expect(complaints()).toEqual([])
    }),
  )
}
