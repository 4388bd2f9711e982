import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/id'
import type { Cart } from '@lepton/contracts/cart'
import { getOrder, listProducts } from '@lepton/contracts/routes'
import { eventsOf, freshKey, line } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { useCartService } from './cart-service.ts'

const shop = useCartService()
beforeEach(() => shop.prices({ beans: 1_250, pot: 3_900 }))

const add = (customer: Person, item_id: string, quantity = 1, key?: string) =>
  customer.post<Cart>('/cart', { item_id, quantity }, key === undefined ? {} : { key })
const cartOf = async (customer: Person) => (await customer.get<Cart>('/cart')).body
const checkOut = (customer: Person, key = freshKey(), body: object = { payment_token: 'tok_approved' }) =>
  customer.post<{ order_id: string }>('/cart/checkout', body, { key })

describe('a cart', () => {
  it('is empty at first', async () => {
    const alice = await shop.people.customer()
    expect(await cartOf(alice)).toEqual({
      cart_id: null,
      version: 0,
      lines: [],
      amount_minor: 0,
      currency: 'EUR',
    })
  })

  it('adds units to the line of their item, at the price of inventory', async () => {
    const alice = await shop.people.customer()

    await add(alice, 'beans', 2)
    await add(alice, 'pot')
    await add(alice, 'beans', 3)

    expect(await cartOf(alice)).toMatchObject({
      version: 3,
      lines: [line('beans', 5, 1_250), line('pot', 1, 3_900)],
      amount_minor: 5 * 1_250 + 3_900,
    })
  })

  it('loses no unit of requests that come at the same time', async () => {
    const alice = await shop.people.customer()

    const answers = await Promise.all(Array.from({ length: 20 }, () => add(alice, 'beans')))

    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(await cartOf(alice)).toMatchObject({ lines: [{ quantity: 20 }] })
  })

  it('adds once for a repeat with the same key', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()

    await add(alice, 'beans', 2, key)
    const again = await add(alice, 'beans', 2, key)

    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await cartOf(alice)).toMatchObject({ lines: [{ quantity: 2 }] })
  })

  it('sets and removes lines', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 2)
    await add(alice, 'pot')

    await alice.put('/cart/items/beans', { quantity: 7 })
    await alice.delete('/cart/items/pot')
    expect(await cartOf(alice)).toMatchObject({ lines: [{ item_id: 'beans', quantity: 7 }] })

    await alice.delete('/cart', { item_id: 'beans' })
    expect(await cartOf(alice)).toMatchObject({ lines: [] })
    expect((await alice.delete('/cart', { item_id: 'beans' })).status).toBe(404)
    expect((await alice.delete('/cart/items/beans')).status).toBe(404)
  })

  it('refuses what it cannot hold, and changes nothing', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 999)

    const tooMany = await add(alice, 'beans', 1)
    const unknown = await add(alice, 'no-such-thing')

    expect(tooMany).toMatchObject({
      status: 422,
      body: { type: '/problems/cart-full', errors: [{ pointer: '/quantity' }] },
    })
    expect(unknown).toMatchObject({
      status: 422,
      body: { type: '/problems/unknown-item', errors: [{ pointer: '/item_id' }] },
    })
    expect(await cartOf(alice)).toMatchObject({ version: 1, lines: [{ quantity: 999 }] })
  })

  it('is not available for changes while inventory is away, but can be looked at', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    shop.mesh.away(listProducts)

    expect((await add(alice, 'beans')).status).toBe(503)
    expect((await alice.get('/cart')).status).toBe(200)
    expect((await checkOut(alice)).status).toBe(202)
  })
})

describe('a checkout in two phases', () => {
  const twoPhase = { payment_token: 'tok_approved', mode: 'two_phase' }

  async function withCart() {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 2)
    return alice
  }

  it('is refused without a card, and leaves the cart open', async () => {
    const alice = await withCart()

    expect(await checkOut(alice, freshKey(), { mode: 'two_phase' })).toMatchObject({
      status: 422,
      body: { type: '/problems/payment-token-missing', errors: [{ pointer: '/payment_token' }] },
    })
    expect(await cartOf(alice)).toMatchObject({ lines: [{ quantity: 2 }] })
  })

  it('answers with the decision as soon as there is one, and publishes its mode', async () => {
    const alice = await withCart()
    const statuses = ['SUBMITTED', 'RESERVED', 'CONFIRMED']
    shop.mesh.answer(getOrder, ({ path }) => ({
      status: 200,
      body: orderThatIs(path.split('/').at(-1)!, statuses.shift()!),
    }))

    const answer = await checkOut(alice, freshKey(), twoPhase)
    await shop.settle()

    expect(answer).toMatchObject({ status: 202, body: { status: 'CONFIRMED' } })
    expect(statuses).toEqual([])
    const [event] = eventsOf(shop.broker.records('cart.v1')).filter(
      ({ data }) => data.customer_id === alice.id,
    )
    expect(event).toMatchObject({ data: { order_id: answer.body.order_id, mode: 'two_phase' } })
  })

  it.each([
    ['is not decided in time', () => ({ status: 200, body: orderThatIs(newId(), 'PLACED') }), 'PLACED'],
    ['cannot be asked about', undefined, 'SUBMITTED'],
  ] as const)('is accepted also when the order %s', async (_name, orderAnswer, status) => {
    const alice = await withCart()
    if (orderAnswer === undefined) shop.mesh.away(getOrder)
    else shop.mesh.answer(getOrder, orderAnswer)

    expect(await checkOut(alice, freshKey(), twoPhase)).toMatchObject({ status: 202, body: { status } })
  })
})

function orderThatIs(order_id: string, status: string) {
  const rest = { lines: [], amount_minor: 0, currency: 'EUR', created_at: new Date().toISOString() }
  return { order_id, status, mode: 'two_phase', ...rest }
}

describe('a checkout', () => {
  it('closes the cart and publishes what was ordered, in one transaction with its answer', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 2)
    const { cart_id } = await cartOf(alice)

    const answer = await checkOut(alice)
    await shop.settle()

    const { order_id } = answer.body
    expect(answer).toMatchObject({ status: 202, body: { order_id, status: 'SUBMITTED' } })
    expect(answer.headers.location).toBe(`/api/v1/orders/${order_id}`)
    expect(await cartOf(alice)).toMatchObject({ lines: [], version: 0 })
    expect(eventsOf(shop.broker.records('cart.v1'), cart_id!)).toMatchObject([
      {
        type: 'cart.checked_out.v1',
        sequence: 1,
        data: {
          order_id,
          customer_id: alice.id,
          amount_minor: 2_500,
          payment_token: 'tok_approved',
          mode: 'saga',
        },
      },
    ])
    expect(await alice.get(`/checkouts/${order_id}`)).toMatchObject({
      status: 200,
      body: { status: 'SUBMITTED' },
    })
  })

  it('is one order for twin requests with one key', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const key = freshKey()

    const twins = await Promise.all([1, 2, 3, 4].map(() => checkOut(alice, key)))

    expect(twins.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    expect(new Set(twins.map(({ body }) => body.order_id)).size).toBe(1)
  })

  it('is one order when two tabs check out at the same time', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')

    const tabs = await Promise.all([checkOut(alice), checkOut(alice)])

    expect(tabs.map(({ status }) => status).sort()).toEqual([202, 422])
    expect((await alice.get<{ items: unknown[] }>('/checkouts')).body.items).toHaveLength(1)
  })

  it('keeps its refusal of an empty cart for the key', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()

    const first = await checkOut(alice, key)
    await add(alice, 'beans')
    const again = await checkOut(alice, key)

    expect(first).toMatchObject({ status: 422, body: { type: '/problems/cart-empty' } })
    expect(again).toMatchObject({ status: 422, body: { type: '/problems/cart-empty' } })
    expect((await checkOut(alice)).status).toBe(202)
  })

  it('still knows its order after the stored answer was swept', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const key = freshKey()
    const first = await checkOut(alice, key)
    await shop.database.query('delete from idempotency')

    expect((await checkOut(alice, key)).body.order_id).toBe(first.body.order_id)
  })

  it('asks for prices that are older than a quarter of an hour, and is refused while nobody knows them', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    await shop.database.query(
      `update cart set lines = jsonb_set(lines, '{0,priced_at}', to_jsonb(now() - interval '16 minutes')) where customer_id = $1`,
      [alice.id],
    )

    shop.mesh.away(listProducts)
    expect((await checkOut(alice)).status).toBe(503)
    shop.prices({ beans: 1_500 })
    const answer = await checkOut(alice)

    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      body: { amount_minor: 1_500 },
    })
  })
})

describe('putting an order back into the cart', () => {
  const restore = (customer: Person, order_id: string, key = freshKey()) =>
    customer.post('/cart/restore', { order_id }, { key })

  function orderThatIs(order_id: string, status: string) {
    shop.mesh.answer(getOrder, () => ({
      status: 200,
      body: {
        order_id,
        status,
        mode: 'saga',
        lines: [line('beans', 2, 1_000)],
        amount_minor: 2_000,
        currency: 'EUR',
        created_at: new Date().toISOString(),
      },
    }))
  }

  it('adds its lines, once for a key, and sells them at today’s price', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()
    orderThatIs(order_id, 'REJECTED')
    const key = freshKey()

    await restore(alice, order_id, key)
    const again = await restore(alice, order_id, key)
    const answer = await checkOut(alice)

    expect(again).toMatchObject({ status: 200, body: { lines: [{ item_id: 'beans', quantity: 2 }] } })
    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      body: { amount_minor: 2_500 },
    })
  })

  it('is refused for an order that is not over', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()
    orderThatIs(order_id, 'CONFIRMED')

    expect(await restore(alice, order_id)).toMatchObject({
      status: 409,
      body: { type: '/problems/order-not-ready' },
    })
  })
})
