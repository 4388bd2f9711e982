import { expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import type { Shopper } from '@lepton/testing/shop-client'
import { chargesOf, client, pay, paymentOf, placeUnpaid, settled, slugOf, target, unitsOf } from './world.ts'

type Answer = { order_id: string; status: string } & Problem

const cancel = (shopper: Shopper, orderId: string) =>
  shopper.ask<Answer>('POST', `/api/v1/orders/${orderId}/cancel`)
const refund = (shopper: Shopper, orderId: string) =>
  shopper.ask<Answer>('POST', `/api/v1/orders/${orderId}/refund`)

export function settling(): void {
  it.concurrent('cancels an order at once after it was placed', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('scented-candle')
    const orderId = await placeUnpaid(shopper, 'scented-candle', 7)

    const cancelled = await cancel(shopper, orderId)
    const order = await settled(shopper, orderId)

    expect(cancelled.status).toBe(202)
    expect(order).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER' })
    expect(await unitsOf('scented-candle')).toEqual(before)
  })

  it.concurrent('cancels an order that waits for its payment, once; it cannot be paid any more', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('daypack')
    const orderId = await placeUnpaid(shopper, 'daypack', 2)
    await settled(shopper, orderId, ['RESERVED'])
    expect(await unitsOf('daypack')).toEqual({
      ...before,
      available: before.available - 2,
      held: before.held + 2,
    })

    const cancelled = await cancel(shopper, orderId)
    const order = await settled(shopper, orderId)

    expect(cancelled.status).toBe(202)
    expect(order).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER' })
    expect(await unitsOf('daypack')).toEqual(before)
    expect((await cancel(shopper, orderId)).status).toBe(200)
    const refunded = await refund(shopper, orderId)
    expect([refunded.status, slugOf(refunded)]).toEqual([409, 'order-settled'])
    const late = await pay(shopper, orderId)
    expect([late.status, slugOf(late)]).toEqual([409, 'payment-settled'])
    expect((await paymentOf(shopper, orderId)).state).toBe('VOIDED')
    expect(await chargesOf(orderId)).toEqual([])
  })

  it.concurrent('cancels an order while its card is asked: the authorisation is voided', async () => {
    const shopper = await client.shopper()
    const orderId = await shopper.place([{ item_id: 'head-torch', quantity: 1 }], 'tok_slow')
    await settled(shopper, orderId, ['RESERVED'])

    expect((await cancel(shopper, orderId)).status).toBe(202)

    expect(await settled(shopper, orderId)).toMatchObject({ status: 'CANCELLED', reason: 'CUSTOMER' })
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'VOIDED' }])
  })

  it.concurrent('does not cancel a completed order, but gives it back: money and units, once', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('camping-stove')
    const orderId = await shopper.place([{ item_id: 'camping-stove', quantity: 3 }])
    await settled(shopper, orderId, ['COMPLETED'])

    const refused = await cancel(shopper, orderId)
    expect([refused.status, slugOf(refused)]).toEqual([409, 'order-settled'])
    expect(refused.body.detail).toContain(`/api/v1/orders/${orderId}/refund`)

    expect((await refund(shopper, orderId)).status).toBe(202)
    const order = await settled(shopper, orderId, ['REFUNDED'])

    expect(order).toMatchObject({ status: 'REFUNDED', reason: 'REFUND' })
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'REFUNDED', amount_minor: order.amount_minor }])
    expect((await paymentOf(shopper, orderId)).state).toBe('REFUNDED')
    expect(await unitsOf('camping-stove')).toEqual(before)
    expect((await refund(shopper, orderId)).status).toBe(200)
  })

  it.concurrent('is paid later, by one card only', async () => {
    const shopper = await client.shopper()
    const orderId = await placeUnpaid(shopper, 'hammock')
    const early = await refund(shopper, orderId)
    expect([early.status, slugOf(early)]).toEqual([409, 'order-not-ready'])
    const key = `pay-${orderId}`

    const first = await pay(shopper, orderId, { key })
    const repeated = await pay(shopper, orderId, { key })
    const second = await pay(shopper, orderId)

    expect(first.status).toBe(202)
    expect([repeated.status, repeated.headers['idempotency-replayed']]).toEqual([202, 'true'])
    expect([second.status, slugOf(second)]).toEqual([409, 'payment-settled'])
    expect(await settled(shopper, orderId)).toMatchObject({ status: 'COMPLETED' })
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'CAPTURED' }])
  })

  it.concurrent('ends with the first card, also when that is declined', async () => {
    const shopper = await client.shopper()
    const orderId = await placeUnpaid(shopper, 'picnic-blanket')

    await pay(shopper, orderId, { token: 'tok_declined' })

    expect(await settled(shopper, orderId)).toMatchObject({ status: 'REJECTED', reason: 'DECLINED' })
    const again = await pay(shopper, orderId)
    expect([again.status, slugOf(again)]).toEqual([409, 'payment-settled'])
  })

  const { paymentWaitMs } = target
  const itWaits = paymentWaitMs === undefined ? it.skip : it.concurrent
  itWaits('lets an unpaid order expire, and frees its units', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('dotted-notebook')
    const orderId = await placeUnpaid(shopper, 'dotted-notebook', 5)

    const order = await settled(shopper, orderId, undefined, paymentWaitMs! + 15_000)

    expect(order).toMatchObject({ status: 'CANCELLED', reason: 'EXPIRED' })
    expect(await unitsOf('dotted-notebook')).toEqual(before)
    const late = await pay(shopper, orderId)
    expect([late.status, slugOf(late)]).toEqual([409, 'payment-settled'])
  })
}
