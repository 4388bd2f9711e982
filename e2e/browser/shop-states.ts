import { addToCart, order, sees } from './acts.ts'
import type { Person } from './browser.ts'
import { failing, goTo, type State } from './states.ts'

export async function ordered(person: Person, card: string, heading: RegExp): Promise<void> {
  await addToCart(person.page, 'fountain-pen')
  await order(person.page, { card })
  await sees(person.page, heading)
}

/** The landing page, the shop and the lab. */
export const SHOP_STATES: Record<string, State> = {
  'the landing page': { heading: /stays right/, open: goTo('/') },
  'the shelf': { heading: 'Shop', open: goTo('/shop') },
  'the shelf, searched in vain': { heading: 'Shop', open: goTo('/shop?query=zeppelin') },
  'the shelf, unavailable': {
    heading: 'Shop',
    fails: true,
    open: failing('/products?*', '/shop', { isPassing: true }),
  },
  'the shelf while it loads': {
    heading: 'Shop',
    open: async ({ page }) => {
      await page.route('**/api/v1/products?*', () => undefined)
      await page.goto('/shop')
    },
  },
  'a product': { heading: 'Desk Lamp', open: goTo('/shop/p/desk-lamp') },
  'a product that is sold out': {
    heading: 'Desk Lamp',
    open: async ({ page }) => {
      await page.route('**/api/v1/products/desk-lamp', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({
          response: answer,
          json: { ...((await answer.json()) as object), available: 0 },
        })
      })
      await page.goto('/shop/p/desk-lamp')
      await page.getByText('Sold out').waitFor()
    },
  },
  'a product that does not exist': {
    heading: /not in the catalogue/,
    fails: true,
    open: goTo('/shop/p/zeppelin'),
  },
  'an empty cart': { heading: 'Cart', open: goTo('/shop/cart') },
  'a cart': {
    heading: 'Cart',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.goto('/shop/cart')
    },
  },
  'the cart beside a page': {
    heading: 'Desk Lamp',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.getByRole('button', { name: /^Cart/ }).click()
      await page.getByRole('dialog').getByText('Total').waitFor()
    },
  },
  'the checkout': {
    heading: 'Check out',
    open: async ({ page }) => {
      await addToCart(page, 'desk-lamp')
      await page.goto('/shop/checkout')
      await page.getByText('Your order').waitFor()
    },
  },
  'no orders': { heading: 'My orders', open: goTo('/shop/orders') },
  'an order that is done': { heading: /^Done/, open: (person) => ordered(person, 'Works', /^Done/) },
  'an order that was declined': {
    heading: /declined/,
    open: (person) => ordered(person, 'Declined', /declined/),
  },
  'an order of another customer': {
    heading: /no such order/,
    fails: true,
    open: goTo('/shop/orders/01a1fea5-ba4b-71f4-85de-696148493360'),
  },
  orders: {
    heading: 'My orders',
    open: async (person) => {
      await ordered(person, 'Works', /^Done/)
      await person.page.goto('/shop/orders')
    },
  },
  'the lab': { heading: 'Kill something while buying', open: goTo('/lab') },
  'a pattern that is left out': {
    heading: 'Leave a pattern out',
    open: async ({ page }) => {
      await page.goto('/lab/patterns?without=acknowledgement')
      await page.getByText('all promises kept').waitFor()
    },
  },
  'the checkout in Chinese': {
    heading: '结算',
    locale: 'zh-CN',
    open: async ({ page }) => {
      await page.goto('/shop/p/desk-lamp')
      await page.getByRole('button', { name: '加入购物车' }).click()
      await page.getByText('已加入购物车').waitFor()
      await page.goto('/shop/checkout')
      await page.getByText('您的订单').waitFor()
    },
  },
  'a page that does not exist': { heading: /no such page/, open: goTo('/shop/nowhere') },
  'the landing page without the shop behind it': {
    heading: /stays right/,
    fails: true,
    open: async ({ page }) => {
      await page.route('**/api/v1/pulse/stream', (route) => route.abort())
      await page.goto('/')
      await page.getByText('Not compared yet', { exact: false }).waitFor()
    },
  },
  'a cart that cannot be read': { heading: 'Cart', fails: true, open: failing('/cart', '/shop/cart') },
  'a checkout without anything to pay for': { heading: 'Check out', open: goTo('/shop/checkout') },
  'a checkout whose cart cannot be read': {
    heading: 'Check out',
    fails: true,
    open: failing('/cart', '/shop/checkout'),
  },
  'orders that cannot be read': {
    heading: 'My orders',
    fails: true,
    open: failing('/orders?*', '/shop/orders'),
  },
  'an order before it is cancelled': {
    heading: /waits for its payment/,
    open: async (person) => {
      await ordered(person, 'Pay later', /waits for its payment/)
      await person.page.getByRole('button', { name: 'Cancel order' }).click()
      await person.page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).waitFor()
    },
  },
}
