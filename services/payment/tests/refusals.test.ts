import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { OrderPlaced } from '@lepton/contracts/order'
import { getOrder } from '@lepton/contracts/order-routes'
import { ROUTES } from '@lepton/contracts/routes'
import { eventRecord, freshKey, placement } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import { describeRefusals } from '@lepton/testing/route-suite'
import { usePaymentService } from './payment-service.ts'

const shop = usePaymentService()
beforeEach(() => shop.mesh.answer(getOrder, () => problemAnswer('not-found')))

describeRefusals(
  shop,
  // A webhook is refused for its signature before anything else about it: webhooks.test.ts.
  ROUTES.filter(({ owner, operation }) => owner === 'payment' && operation !== 'receive_webhook'),
  {
    pay_order: { order_id: newId(), payment_token: 'tok_approved' },
    try_payment: {
      customer_id: newId(),
      amount_minor: 100,
      currency: 'EUR',
      payment_token: 'tok_approved',
    },
    retry_payment: { new_key: false, reason: 'the processor is back' },
    settle_payment: { charge_state: 'REFUNDED', charge_id: newId(), reason: 'the processor said so' },
  },
)

describe('another customer’s order', () => {
  it('is neither paid nor seen', async () => {
    const [alice, bob] = [await shop.people.customer(), await shop.people.customer()]
    const order_id = newId()
    const order = placement(order_id, { customer_id: alice.id, payment_token: null })
    await shop.broker.send([eventRecord(OrderPlaced, order_id, 1, order)])
    await shop.settle()

    const body = { order_id, payment_token: 'tok_approved' }
    expect((await bob.post('/payments', body, { key: freshKey() })).status).toBe(404)
    expect((await bob.get(`/payments/${order_id}`)).status).toBe(404)
    expect(await alice.get(`/payments/${order_id}`)).toMatchObject({ status: 200, body: { state: 'INTENT' } })
  })
})
