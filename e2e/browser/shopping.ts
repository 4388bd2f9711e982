import { expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { chargesOf, leaveUnits, unitsOf } from '../journeys/world.ts'
import { addToCart, arriveAtOrder, order, ordersOf, sees } from './acts.ts'
import { asPerson, newPerson } from './browser.ts'

export function shopping(): void {
  it.each(['By events', 'In two phases'])(
    'buys from the shelf to “Done” without loading a page again: %s',
    async (mode) => {
      await asPerson(async ({ page, complaints }) => {
        await page.goto('/shop')
        await page.getByRole('link', { name: 'Desk Lamp' }).click()
        await page.getByRole('button', { name: 'Add to cart' }).click()
        await page.getByRole('button', { name: 'Cart, 1 unit' }).click()
        await page.getByRole('link', { name: 'Check out' }).click()
        await page.getByRole('radio', { name: mode }).check()
        await page.getByRole('button', { name: 'Order and pay € 79.00' }).click()

        const orderId = await arriveAtOrder(page)
        await sees(page, 'Done: yours, and charged once.')

        const steps = page.getByRole('list', { name: 'Progress' }).getByRole('listitem')
        await page.getByText('+', { exact: false }).first().waitFor()
        expect(await steps.allInnerTexts()).toHaveLength(6)
        expect(await chargesOf(orderId)).toMatchObject([{ state: 'CAPTURED', amount_minor: 7_900 }])
        expect(complaints()).toEqual([])
      })()
    },
  )

  it(
    'is declined, reads why, and has the cart back',
    asPerson(async ({ page }) => {
      await addToCart(page, 'coffee-grinder', 2)
      await order(page, { card: 'Declined' })

      await sees(page, 'The bank declined the card. Nothing was charged.')
      await page.getByText('The bank says: insufficient funds.').waitFor()
      await page.getByRole('button', { name: 'Put it back into the cart' }).click()

      await sees(page, 'Cart')
      expect(await page.getByLabel('Quantity of Hand Coffee Grinder').inputValue()).toBe('2')
    }),
  )

  it('gets the last units, or reads how many are left', async () => {
    await leaveUnits('hammock', 5)
    const people = await Promise.all([newPerson(), newPerson()])
    try {
      const pages = people.map(({ page }) => page)
      await pages[0]!.goto('/shop/p/hammock')
      await pages[0]!.getByText('Only 5 left').waitFor()
      await Promise.all(pages.map((page) => addToCart(page, 'hammock', 3)))

      await Promise.all(pages.map((page) => order(page)))

      const ends = await Promise.all(
        pages.map(async (page) => {
          await sees(page, /^Done|^Not enough/)
          return page.getByRole('heading', { level: 1 }).innerText()
        }),
      )
      const late = pages[ends.findIndex((end) => end.startsWith('Not'))]!
      expect([...ends].sort()).toEqual([
        'Done: yours, and charged once.',
        'Not enough is left. Nothing was charged.',
      ])
      await late.getByText('Travel Hammock: you asked for 3, 2 are left.').waitFor()
      expect((await unitsOf('hammock')).available).toBe(2)
    } finally {
      await Promise.all(people.map(({ leave }) => leave()))
    }
  })

  it(
    'presses twice, loses the answer and loads the page again: one order',
    asPerson(async ({ page }) => {
      await addToCart(page, 'wall-clock')
      let sent = 0
      let isLost = true
      // Until the page is another one: the answer to its second press, too.
      await page.route('**/cart/checkout', async (route) => {
        if (!isLost) return route.continue()
        sent++
        await route.fetch()
        // The shop has it; the page does not hear of it.
        await route.abort().catch(() => undefined)
      })
      await page.goto('/shop/checkout')
      await page.getByRole('button', { name: /^Order and pay/ }).dblclick()
      await until('the order is sent', () => Promise.resolve(sent > 0))
      page.once('framenavigated', () => (isLost = false))
      await page.reload()

      await arriveAtOrder(page)
      await sees(page, /^Done/)
      expect(await ordersOf(page)).toBe(1)
    }),
  )

  it(
    'cancels an order that waits for its payment',
    asPerson(async ({ page }) => {
      await addToCart(page, 'picnic-blanket')
      const orderId = await order(page, { card: 'Pay later' })
      await sees(page, 'Your order waits for its payment.')

      await page.getByRole('button', { name: 'Cancel order' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).click()

      await sees(page, 'Cancelled. Nothing was charged.')
      expect(await chargesOf(orderId)).toEqual([])
    }),
  )

  it(
    'pays later, and gives it back',
    asPerson(async ({ page }) => {
      await addToCart(page, 'picnic-blanket')
      const orderId = await order(page, { card: 'Pay later' })

      await page.getByRole('button', { name: /^Pay now/ }).click()
      await sees(page, 'Done: yours, and charged once.')
      await page.getByRole('button', { name: 'Return it' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Return it' }).click()

      await sees(page, 'Returned: your money has been refunded.')
      expect(await chargesOf(orderId)).toMatchObject([{ state: 'REFUNDED' }])
    }),
  )
}
