import { expect } from '@jest/globals'
import type { Page } from 'playwright-core'

/** What people do in the shop, by the names that they read. */
export async function addToCart(page: Page, productId: string, quantity = 1): Promise<void> {
  await page.goto(`/shop/p/${productId}`)
  for (let count = 1; count < quantity; count++) await page.getByRole('button', { name: / more$/ }).click()
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByText('is in your cart').waitFor()
}

/** From the cart to the order's page; gives the order's id. */
export async function order(page: Page, { card = 'Works', mode = 'By events' } = {}): Promise<string> {
  await page.goto('/shop/checkout')
  await page.getByRole('radio', { name: card }).check()
  await page.getByRole('radio', { name: mode }).check()
  await page.getByRole('button', { name: /^Order/ }).click()
  return arriveAtOrder(page)
}

export async function arriveAtOrder(page: Page): Promise<string> {
  await page.waitForURL(/\/shop\/orders\/[0-9a-f-]{36}$/)
  return page.url().slice(-36)
}

/** Waits for the page to say so by itself: no test loads it again. */
export async function sees(page: Page, heading: string | RegExp, timeoutMs?: number): Promise<void> {
  const wait = timeoutMs === undefined ? {} : { timeout: timeoutMs }
  await page.getByRole('heading', { level: 1, name: heading }).waitFor(wait)
}

export async function ordersOf(page: Page): Promise<number> {
  const answer = await page.request.get('/api/v1/orders?limit=100')
  expect(answer.status()).toBe(200)
  return ((await answer.json()) as { items: unknown[] }).items.length
}

/** How pages write an order's id. */
export const shortId = (orderId: string): string => `${orderId.slice(0, 4)}…${orderId.slice(-4)}`
