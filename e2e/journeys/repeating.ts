import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import type { Charge } from '@lepton/contracts/psp'
import { TEST_CARDS } from '@lepton/contracts/test-cards'
import type { Shopper } from '@lepton/testing/shop-client'
import { chargesOf, checkOut, client, leaveUnits, operator, settled, slugOf, unitsOf } from './world.ts'

interface End {
  status: string
  reason?: string
  charges: Charge['state'][]
}

const ENDS: Record<keyof typeof TEST_CARDS, End> = {
  tok_approved: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_declined: { status: 'REJECTED', reason: 'DECLINED', charges: ['DECLINED'] },
  tok_slow: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_timeout: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_error_after_commit: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_capture_fails: { status: 'CANCELLED', reason: 'CAPTURE_FAILED', charges: ['VOIDED'] },
  tok_webhook_twice: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_rate_limited: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_conflict_after_commit: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_authorization_lapses: { status: 'CANCELLED', reason: 'CAPTURE_FAILED', charges: ['EXPIRED'] },
  tok_refund_refused_once: { status: 'COMPLETED', charges: ['CAPTURED'] },
  tok_broken: { status: 'REJECTED', reason: 'DECLINED', charges: [] },
}

export function repeating(): void {
  it.concurrent.each(Object.entries(ENDS))('moves money once with %s', async (card, end) => {
    const shopper = await client.shopper()

    const orderId = await shopper.place([{ item_id: 'fountain-pen', quantity: 1 }], card)
    const { status, reason } = await settled(shopper, orderId)

    const charges = (await chargesOf(orderId)).map(({ state }) => state)
    expect({ status, ...(reason && { reason }), charges }).toEqual(end)
  })

  it.concurrent('sells the last 5 units to 5 of 20 shoppers', async () => {
    const shoppers = await Promise.all(Array.from({ length: 20 }, () => client.shopper()))
    await leaveUnits('last-edition-print', 5)

    const orderIds = await Promise.all(
      shoppers.map((shopper) => shopper.place([{ item_id: 'last-edition-print', quantity: 1 }])),
    )
    const ends = await Promise.all(shoppers.map((shopper, index) => settled(shopper, orderIds[index]!)))

    expect(ends.filter(({ status }) => status === 'COMPLETED')).toHaveLength(5)
    expect(ends.filter(({ reason }) => reason === 'OUT_OF_STOCK')).toHaveLength(15)
    expect(await unitsOf('last-edition-print')).toMatchObject({ available: 0, held: 0 })
  })

  it.concurrent('makes one order of requests with one key, at once and later', async () => {
    const shopper = await client.shopper()
    const key = randomUUID()
    const place = (quantity: number) =>
      shopper.ask<{ order_id: string } & Problem>('POST', '/api/v1/orders', {
        key,
        body: { lines: [{ item_id: 'monitor-stand', quantity }], payment_token: 'tok_approved' },
      })

    const answers = await Promise.all([place(2), place(2), place(2), place(2)])
    const order = await settled(shopper, answers[0].body.order_id)
    const later = await place(2)
    const other = await place(3)

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    for (const { body } of [...answers, later]) expect(body).toEqual(answers[0].body)
    expect([other.status, slugOf(other)]).toEqual([422, 'idempotency-key-reused'])
    expect(order).toMatchObject({ status: 'COMPLETED', lines: [{ quantity: 2 }] })
    expect(await ordersOf(shopper)).toEqual([order.order_id])
    expect(await chargesOf(order.order_id)).toHaveLength(1)
  })

  it.concurrent('checks a cart out once, however often it is asked', async () => {
    const shopper = await client.shopper()
    const key = randomUUID()
    const first = await checkOut(shopper, [{ item_id: 'desk-mat', quantity: 1 }], { key })
    const repeats = await Promise.all([1, 2, 3].map(() => checkOut(shopper, [], { key })))
    const withoutCart = await checkOut(shopper, [])

    for (const { status, body } of repeats) expect([status, body]).toEqual([202, first.body])
    expect([withoutCart.status, slugOf(withoutCart)]).toEqual([422, 'cart-empty'])
    await settled(shopper, first.body.order_id, ['COMPLETED'])
    expect(await ordersOf(shopper)).toEqual([first.body.order_id])
  })

  it.concurrent('books a receipt once', async () => {
    const before = await unitsOf('mechanical-keyboard')
    const receive = (quantity: number) =>
      operator.ask<Problem>('POST', '/api/v1/stock', {
        key: randomUUID(),
        body: { product_id: 'mechanical-keyboard', quantity, receipt_id },
      })
    const receipt_id = randomUUID()

    const answers = await Promise.all([receive(10), receive(10), receive(10)])
    const other = await receive(11)

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect([other.status, slugOf(other)]).toEqual([409, 'receipt-reused'])
    expect(await unitsOf('mechanical-keyboard')).toMatchObject({ received: before.received + 10 })
  })
}

async function ordersOf(shopper: Shopper): Promise<string[]> {
  const { body } = await shopper.ask<{ items: { order_id: string }[] }>('GET', '/api/v1/orders')
  return body.items.map(({ order_id }) => order_id)
}
