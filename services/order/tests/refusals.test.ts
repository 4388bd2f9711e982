import { beforeEach, describe, expect, it } from '@jest/globals'
import { ROUTES } from '@lepton/contracts/routes'
import { describeRefusals } from '@lepton/testing/route-suite'
import { useOrderService } from './order-service.ts'

const shop = useOrderService()
const routes = ROUTES.filter(({ owner }) => owner === 'order')
beforeEach(() => shop.ordinaryDay())

describeRefusals(shop, routes, {
  place_order: {
    lines: [{ item_id: 'espresso-beans', quantity: 1 }],
    payment_token: 'tok_approved',
    mode: 'saga',
  },
  check_admission: { units: 3, is_paid: true },
  cancel_ops_order: { reason: 'the refusals' },
  refund_ops_order: { reason: 'the refusals' },
  rebuild_orders: { reason: 'the refusals' },
  run_transaction: { service_a: 'billing', service_b: 'shipping' },
  register_event_type: {
    event_type: 'note.taken.v1',
    schema: { type: 'object', additionalProperties: false },
  },
  record_event: { event_type: 'note.taken.v1', event_data: {} },
  ask_order_status: { reason: 'the refusals' },
})

describe('another customer’s order', () => {
  it.each(
    routes
      .filter(
        ({ params, access }) =>
          params !== undefined && 'order_id' in params.shape && access.includes('customer'),
      )
      .map((route) => [`${route.method} ${route.path}`, route] as const),
  )('does not exist for %s', async (_name, { method, path }) => {
    const alice = await shop.people.customer()
    const bob = await shop.people.customer()
    const order_id = await shop.place(alice)
    const before = await shop.order(alice, order_id)

    const answer = await bob.ask(method, path.replace(':order_id', order_id))

    expect(answer).toMatchObject({ status: 404, body: { type: '/problems/not-found' } })
    expect(await shop.order(alice, order_id)).toEqual(before)
  })
})

describe('the lines of an order', () => {
  it.each([
    ['none', []],
    ['too many', Array.from({ length: 51 }, (_, index) => ({ item_id: `item-${index}`, quantity: 1 }))],
    ['a negative quantity', [{ item_id: 'espresso-beans', quantity: -1 }]],
    ['a huge quantity', [{ item_id: 'espresso-beans', quantity: 1_000 }]],
    ['half a unit', [{ item_id: 'espresso-beans', quantity: 0.5 }]],
    ['a price of their own', [{ item_id: 'espresso-beans', quantity: 1, unit_price_minor: 1 }]],
  ])('are refused with %s', async (_name, lines) => {
    const alice = await shop.people.customer()
    const answer = await alice.post('/orders', { lines }, { key: 'a-key-of-this-test-1' })
    expect(answer).toMatchObject({ status: 400, body: { type: '/problems/invalid-request' } })
  })
})

describe('a card number', () => {
  it('is never taken for a token', async () => {
    const alice = await shop.people.customer()
    const lines = [{ item_id: 'espresso-beans', quantity: 1 }]
    const answer = await alice.post(
      '/orders',
      { lines, payment_token: '4111111111111111' },
      { key: 'a-key-of-this-test-2' },
    )
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/payment_token' }] } })
    expect(JSON.stringify(answer.body)).not.toContain('4111')
  })
})
