import { expect, it } from '@jest/globals'
import { ROUTES } from '@lepton/contracts/routes'
import { target } from '../journeys/world.ts'
import { addToCart, order, sees } from './acts.ts'
import { asPerson, becomeOperator } from './browser.ts'

const TABS = 8

export function identity(): void {
  it(
    'watches one order in eight tabs, and all of them see its end',
    asPerson(async ({ page, tab }) => {
      await addToCart(page, 'monitor-stand')
      // The bank's first answer never comes, so the order takes some seconds.
      const orderId = await order(page, { card: 'No answer' })
      const tabs = [page, ...(await Promise.all(Array.from({ length: TABS - 1 }, tab)))]
      await Promise.all(tabs.slice(1).map((other) => other.goto(`/shop/orders/${orderId}`)))

      await Promise.all(tabs.map((other) => sees(other, 'Done: yours, and charged once.')))
    }),
  )

  it(
    'is refused everything that is an operator’s, as a shopper',
    asPerson(async ({ page }) => {
      await addToCart(page, 'desk-mat')
      const routes = ROUTES.filter(
        ({ access, exposed }) => exposed !== false && access.length === 1 && access[0] === 'operator',
      )
      const headers = { origin: target.gateway, 'content-type': 'application/json' }

      const answers = await Promise.all(
        routes.map(async ({ method, path }) => {
          const url = `/api/v1${path.replaceAll(/:\w+/g, 'order-1')}`
          const options = { method, headers, ...(method !== 'GET' && { data: {} }) }
          return `${method} ${path} ${(await page.request.fetch(url, options)).status()}`
        }),
      )

      expect(routes.length).toBeGreaterThan(10)
      expect(answers.filter((answer) => !/ 40[13]$/.test(answer))).toEqual([])
    }),
  )

  it(
    'keeps the cart while the same browser is an operator’s too',
    asPerson(async (person) => {
      const { page } = person
      await addToCart(page, 'desk-mat', 2)
      await becomeOperator(person)

      expect((await page.request.get('/api/v1/ops/dead-letters')).status()).toBe(200)
      await page.reload()
      await page.getByRole('button', { name: 'Cart, 2 units' }).waitFor()
      await page.goto('/console')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await sees(page, 'Operators only')

      expect((await page.request.get('/api/v1/ops/dead-letters')).status()).toBe(401)
      await page.goto('/shop/cart')
      expect(await page.getByLabel('Quantity of Felt Desk Mat').inputValue()).toBe('2')
    }),
  )
}
