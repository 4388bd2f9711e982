import { expect, it } from '@jest/globals'
import type { Shopper } from '@lepton/testing/shop-client'
import { chargesOf, client, moveCharge, operator, paymentOf, settled } from './world.ts'

const lines = [{ item_id: 'fountain-pen', quantity: 1 }]
/** Enough to open a breaker, and to take every place of a coordinator that does not share them. */
const SLOW_ORDERS = 40
const refund = (shopper: Shopper, orderId: string) =>
  shopper.ask<{ status: string }>('POST', `/api/v1/orders/${orderId}/refund`)

export function processor(): void {
  it.concurrent('refunds an order whose charge was refunded at the processor by hand', async () => {
    const shopper = await client.shopper()
    const orderId = await shopper.place(lines)
    await settled(shopper, orderId, ['COMPLETED'])
    const [charge] = await chargesOf(orderId)
    await moveCharge(charge!.charge_id, 'refund')

    expect((await refund(shopper, orderId)).status).toBe(202)

    expect(await settled(shopper, orderId, ['REFUNDED'])).toMatchObject({ reason: 'REFUND' })
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'REFUNDED' }])
    expect(await paymentOf(shopper, orderId)).toMatchObject({
      state: 'REFUNDED',
      note: 'The refund was made at the card processor.',
    })
  })

  it.concurrent('refunds once a card whose first refund is refused for good', async () => {
    const shopper = await client.shopper()
    const orderId = await shopper.place(lines, 'tok_refund_refused_once')
    await settled(shopper, orderId, ['COMPLETED'])

    await refund(shopper, orderId)

    expect(await settled(shopper, orderId, ['REFUNDED'])).toMatchObject({ status: 'REFUNDED' })
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'REFUNDED' }])
    expect((await refund(shopper, orderId)).status).toBe(200)
  })

  it.concurrent.each(['saga', 'two_phase'] as const)(
    'cancels an order whose authorisation lapsed (%s)',
    async (mode) => {
      const shopper = await client.shopper()
      const orderId = await shopper.place(lines, 'tok_authorization_lapses', mode)

      expect(await settled(shopper, orderId)).toMatchObject({ status: 'CANCELLED', reason: 'CAPTURE_FAILED' })
      expect(await chargesOf(orderId)).toMatchObject([{ state: 'EXPIRED' }])
      expect((await paymentOf(shopper, orderId)).state).toBe('VOIDED')
    },
  )

  it.concurrent('does not let the slow cards of one shopper decide about another’s orders', async () => {
    const [slow, other] = [await client.shopper(), await client.shopper()]
    const slowOrders = Array.from({ length: SLOW_ORDERS }, () => slow.place(lines, 'tok_slow', 'two_phase'))
    await Promise.race(slowOrders)

    for (let order = 0; order < 4; order++) {
      const orderId = await other.place(lines, 'tok_approved', 'two_phase')
      expect(await settled(other, orderId)).toMatchObject({ status: 'COMPLETED' })
    }

    for (const orderId of await Promise.all(slowOrders))
      expect(await settled(slow, orderId, ['CANCELLED'], 90_000)).toMatchObject({ reason: 'EXPIRED' })
  })

  it.concurrent('lets an operator see what the processor does not settle', async () => {
    const { status, body } = await operator.ask<{ items: object[] }>('GET', '/api/v1/ops/payments?limit=100')
    expect([status, Array.isArray(body.items)]).toEqual([200, true])
  })
}
