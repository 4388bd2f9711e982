import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderPlaced } from '@lepton/contracts/order'
import { getOrder } from '@lepton/contracts/order-routes'
import { eventRecord, eventsOf, freshKey, line, placement } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { usePaymentService } from './payment-service.ts'

const shop = usePaymentService()

async function waitingOrder(customer: Person, { isHeld = true } = {}): Promise<string> {
  const id = newId()
  const order = placement(id, { customer_id: customer.id, payment_token: null })
  await shop.broker.send([eventRecord(OrderPlaced, id, 1, order)])
  await shop.settle()
  if (isHeld) await shop.broker.send([eventRecord(StockReserved, id, 1, { order_id: id })])
  await shop.settle()
  return id
}

const pay = (customer: Person, order_id: string, payment_token = 'tok_approved', key = freshKey()) =>
  customer.post('/payments', { order_id, payment_token }, { key })

describe('POST /payments', () => {
  it('pays an order that waits', async () => {
    const alice = await shop.people.customer()
    const order_id = await waitingOrder(alice)

    const answer = await pay(alice, order_id)
    await shop.settle()

    expect(answer).toMatchObject({ status: 202, body: { order_id, state: 'AUTHORIZING' } })
    expect(answer.headers.location).toBe(`/api/v1/payments/${order_id}`)
    expect(await alice.get(`/payments/${order_id}`)).toMatchObject({ body: { state: 'AUTHORIZED' } })
  })

  it('keeps the card of an order whose stock is not held yet', async () => {
    const alice = await shop.people.customer()
    const order_id = await waitingOrder(alice, { isHeld: false })

    const answer = await pay(alice, order_id)
    await shop.settle()
    expect(answer).toMatchObject({ status: 202, body: { state: 'INTENT' } })

    await shop.broker.send([eventRecord(StockReserved, order_id, 1, { order_id })])
    await shop.settle()
    expect(await shop.stateOf(order_id)).toBe('AUTHORIZED')
  })

  it('pays once for twin requests and for a repeat with the same key', async () => {
    const alice = await shop.people.customer()
    const order_id = await waitingOrder(alice)
    const key = freshKey()

    const twins = await Promise.all([1, 2, 3].map(() => pay(alice, order_id, 'tok_approved', key)))
    const again = await pay(alice, order_id, 'tok_approved', key)

    expect(twins.map(({ status }) => status)).toEqual([202, 202, 202])
    expect(again).toMatchObject({ status: 202, body: twins[0]!.body as object })
    await shop.settle()
    expect(eventsOf(shop.broker.records('payment.v1'), order_id)).toHaveLength(1)
  })

  it('takes the first card only', async () => {
    const alice = await shop.people.customer()
    const order_id = await waitingOrder(alice)
    await pay(alice, order_id)

    const answer = await pay(alice, order_id, 'tok_declined')

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/payment-settled' } })
  })

  it('refuses a cancelled order', async () => {
    const alice = await shop.people.customer()
    const order_id = await waitingOrder(alice)
    const reason = { order_id, mode: 'saga' as const, reason: 'EXPIRED' as const }
    await shop.broker.send([eventRecord(OrderCancelled, order_id, 2, reason)])
    await shop.settle()

    expect(await pay(alice, order_id)).toMatchObject({
      status: 409,
      body: { type: '/problems/payment-settled' },
    })
  })

  it('asks the order service about an order it has not heard of', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()

    expect((await pay(alice, order_id)).status).toBe(503)
    shop.mesh.answer(getOrder, () => problemAnswer('not-found'))
    expect((await pay(alice, order_id)).status).toBe(404)
    shop.mesh.answer(getOrder, () => ({ status: 200, body: order(order_id, 'SUBMITTED') }))
    expect(await pay(alice, order_id)).toMatchObject({
      status: 409,
      body: { type: '/problems/order-not-ready' },
    })
    shop.mesh.answer(getOrder, () => ({ status: 200, body: order(order_id, 'PLACED') }))
    expect(await alice.get(`/payments/${order_id}`)).toMatchObject({ status: 200, body: { state: 'NONE' } })
    expect(await pay(alice, order_id)).toMatchObject({ status: 202, body: { state: 'NONE' } })

    const placed = placement(order_id, { customer_id: alice.id, payment_token: null })
    await shop.broker.send([
      eventRecord(OrderPlaced, order_id, 1, placed),
      eventRecord(StockReserved, order_id, 1, { order_id }),
    ])
    await shop.settle()
    expect(await shop.stateOf(order_id)).toBe('AUTHORIZED')
  })
})

function order(order_id: string, status: string) {
  return {
    order_id,
    status,
    mode: 'saga',
    lines: [line()],
    amount_minor: 1_000,
    currency: 'EUR',
    created_at: new Date().toISOString(),
  }
}
