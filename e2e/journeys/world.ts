import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import type { Order } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Payment as PaymentSchema } from '@lepton/contracts/payment'
import type { Problem } from '@lepton/contracts/problems'
import type { Charge } from '@lepton/contracts/psp'
import { createShopClient, type ShopAnswer, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { z } from 'zod'
import { openTarget } from '../open-target.ts'

type Payment = z.infer<typeof PaymentSchema>

export interface Units {
  available: number
  held: number
  committed: number
  received: number
}

const POLL_MS = 40
const FINISH_TIMEOUT_MS = 60_000

export const target = await openTarget()
export const client = createShopClient(target.gateway)
const psp = createShopClient(target.psp)
export const operator = await client.operator(target.operatorSecret)

export async function leave(): Promise<void> {
  await Promise.all([client.close(), psp.close(), target.close()])
}

/** Waits until the order will not change any more by itself, or has one of the statuses. */
export function settled(
  shopper: Shopper,
  orderId: string,
  statuses: readonly string[] = FINAL_STATUSES,
  timeoutMs = 30_000,
): Promise<Order> {
  return until(
    `order ${orderId} ${statuses.join(' or ')}`,
    async () => {
      const order = await shopper.order(orderId)
      return statuses.includes(order.status) && order
    },
    { timeoutMs, everyMs: POLL_MS },
  )
}

/** Places an order that waits for its payment. */
export async function placeUnpaid(shopper: Shopper, itemId: string, quantity = 1): Promise<string> {
  const body = { lines: [{ item_id: itemId, quantity }] }
  const answer = await shopper.ask<{ order_id: string }>('POST', '/api/v1/orders', {
    key: randomUUID(),
    body,
  })
  if (answer.status !== 202) throw new Error(`POST /orders answered ${answer.status}`)
  return answer.body.order_id
}

export function pay(
  shopper: Shopper,
  orderId: string,
  { token = 'tok_approved', key = uniqueName('key') } = {},
): Promise<ShopAnswer<Payment & Problem>> {
  const body = { order_id: orderId, payment_token: token }
  return shopper.ask('POST', '/api/v1/payments', { key, body })
}

/** Puts items into the cart and orders it; gives the answer to the checkout. */
export async function checkOut(
  shopper: Shopper,
  items: readonly { item_id: string; quantity: number }[],
  { token = 'tok_approved', key = uniqueName('key') } = {},
): Promise<ShopAnswer<{ order_id: string; status: string } & Problem>> {
  for (const item of items) {
    const added = await shopper.ask('POST', '/api/v1/cart', { body: item })
    if (added.status !== 200) throw new Error(`POST /cart answered ${added.status}`)
  }
  return shopper.ask('POST', '/api/v1/cart/checkout', { key, body: { payment_token: token } })
}

export async function paymentOf(shopper: Shopper, orderId: string): Promise<Payment> {
  return (await shopper.ask<Payment>('GET', `/api/v1/payments/${orderId}`)).body
}

/** What the card processor's own books say about an order. */
export async function chargesOf(orderId: string): Promise<Charge[]> {
  const path = `/charges?merchant_reference=${orderId}`
  const { status, body } = await psp.ask<{ items: Charge[] }>('GET', path)
  if (status !== 200) throw new Error(`GET ${path} answered ${status}`)
  return body.items
}

/** Waits until all orders are completed, and each is charged once. */
export async function allCompleted({
  orders,
}: {
  orders: readonly { shopper: Shopper; orderId: string }[]
}): Promise<void> {
  const ends: string[] = []
  for (const { shopper, orderId } of orders) {
    const { status } = await settled(shopper, orderId, undefined, FINISH_TIMEOUT_MS)
    const charges = await chargesOf(orderId)
    ends.push([status, ...charges.map(({ state }) => state)].join(' '))
  }
  expect(ends).toEqual(ends.map(() => 'COMPLETED CAPTURED'))
}

/** Moves a charge as the processor's own staff would: behind the shop's back. */
export async function moveCharge(charge_id: string, move: 'capture' | 'void' | 'refund'): Promise<void> {
  const { status } = await psp.ask('POST', `/charges/${charge_id}/${move}`, { key: randomUUID(), body: {} })
  if (status !== 200) throw new Error(`POST /charges/${charge_id}/${move} answered ${status}`)
}

export async function unitsOf(productId: string): Promise<Units> {
  const { status, body } = await operator.ask<Units>('GET', `/api/v1/stock/${productId}`)
  if (status !== 200) throw new Error(`GET /stock/${productId} answered ${status}`)
  const { available, held, committed, received } = body
  return { available, held, committed, received }
}

/** Buys or receives units of a product until exactly so many are left. */
export async function leaveUnits(productId: string, wanted: number): Promise<void> {
  const { available } = await unitsOf(productId)
  if (available < wanted) {
    const body = { product_id: productId, quantity: wanted - available }
    await operator.ask('POST', '/api/v1/stock', { key: randomUUID(), body })
    return
  }
  const buyer = await client.shopper()
  for (let left = available - wanted; left > 0; left -= 999) {
    const id = await buyer.place([{ item_id: productId, quantity: Math.min(left, 999) }])
    await settled(buyer, id, ['COMPLETED'])
  }
}

export function slugOf({ body }: ShopAnswer<Problem>): string {
  return body.type.replace('/problems/', '')
}

/** Makes what must be unique in a shop that is not new. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID()}`
}
