import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import type { Cart } from '@lepton/contracts/cart'
import { getOrder } from '@lepton/contracts/order-routes'
import { listProducts } from '@lepton/contracts/inventory-routes'
import { eventsOf, freshKey, line } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { cards, useCartService } from './cart-service.ts'

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
    ['is answered with what is no order', () => ({ status: 200, body: {} }), 'SUBMITTED'],
    ['is refused for an unknown reason', () => ({ status: 418, body: { type: '/tea' } }), 'SUBMITTED'],
    ['may not be asked about so often', () => problemAnswer('too-many-requests'), 'SUBMITTED'],
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

/** Makes every price in a cart older than it is sold at. */
async function age(customer: Person): Promise<void> {
  await shop.database.query(
    `update cart set lines = (select jsonb_agg(line || jsonb_build_object('priced_at', now() - interval '16 minutes'))
       from jsonb_array_elements(lines) line) where customer_id = $1 and state = 'OPEN'`,
    [customer.id],
  )
}

function product(product_id: string) {
  const about = { name: `The ${product_id}`, description: 'Good.', category: 'coffee', available: 9 }
  return { product_id, price_minor: 100, currency: 'EUR', ...about }
}

describe('a price that was shown', () => {
  it('is today’s, and is sold for a quarter of an hour', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 2)
    await age(alice)
    shop.prices({ beans: 1_500 })

    const shown = await cartOf(alice)
    shop.prices({ beans: 9_000 })
    const answer = await checkOut(alice)

    expect(shown.amount_minor).toBe(3_000)
    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      body: { amount_minor: 3_000 },
    })
  })

  it('is the last one that is known while inventory is away', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    await age(alice)
    shop.mesh.away(listProducts)

    expect(await cartOf(alice)).toMatchObject({ amount_minor: 1_250, lines: [{ in_catalogue: true }] })
  })
})

describe('a checkout that names what its shopper saw', () => {
  const seen = ({ version, amount_minor }: Cart) => ({
    payment_token: 'tok_approved',
    cart_version: version,
    amount_minor,
  })

  it('orders exactly that', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans', 2)
    expect((await checkOut(alice, freshKey(), seen(await cartOf(alice)))).status).toBe(202)
  })

  it('orders nothing when another tab has changed the cart, and the new one is there to be seen', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const first = await cartOf(alice)
    await add(alice, 'pot')

    const refused = await checkOut(alice, freshKey(), seen(first))
    const again = await cartOf(alice)

    expect(refused).toMatchObject({
      status: 409,
      body: {
        type: '/problems/cart-changed',
        errors: [{ pointer: '/cart_version', detail: 'is 2 by now' }, { pointer: '/amount_minor' }],
      },
    })
    expect(again.lines).toHaveLength(2)
    expect((await checkOut(alice, freshKey(), seen(again))).status).toBe(202)
  })

  it('orders nothing when a price was raised since, and the new price is shown', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const first = await cartOf(alice)
    await age(alice)
    shop.prices({ beans: 2_500 })

    expect(await checkOut(alice, freshKey(), seen(first))).toMatchObject({
      status: 409,
      body: { errors: [{ pointer: '/amount_minor', detail: 'is 2500 by now' }] },
    })
    const again = await cartOf(alice)
    expect(again.amount_minor).toBe(2_500)
    expect((await checkOut(alice, freshKey(), seen(again))).status).toBe(202)
  })

  it('orders nothing when another tab has ordered it', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const tab = seen(await cartOf(alice))

    const tabs = await Promise.all([1, 2].map(() => checkOut(alice, freshKey(), tab)))

    expect(tabs.map(({ status }) => status).sort()).toEqual([202, 409])
  })

  it('is one order for a repeat with its key, although the cart is another by then', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    const [key, tab] = [freshKey(), seen(await cartOf(alice))]
    const first = await checkOut(alice, key, tab)
    await add(alice, 'pot')

    expect((await checkOut(alice, key, tab)).body).toEqual(first.body)
  })
})

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
    const events = eventsOf(shop.broker.records('cart.v1'), cart_id!)
    expect(cards.open(String(events[0]!.data['payment_token']), order_id)).toBe('tok_approved')
    expect(events).toMatchObject([
      {
        type: 'cart.checked_out.v1',
        sequence: 1,
        data: {
          order_id,
          customer_id: alice.id,
          amount_minor: 2_500,
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

  it('of an item that left the catalogue names its line, again and again; the rest can be bought without it', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'pot')
    await add(alice, 'beans', 2)
    await age(alice)
    shop.prices({ beans: 1_250 })

    for (let times = 0; times < 3; times++) {
      expect(await checkOut(alice)).toMatchObject({
        status: 422,
        body: { type: '/problems/unknown-item', errors: [{ pointer: '/lines/0/item_id' }] },
      })
    }
    expect(await cartOf(alice)).toMatchObject({
      lines: [
        { item_id: 'pot', in_catalogue: false },
        { item_id: 'beans', in_catalogue: true },
      ],
    })
    await alice.delete('/cart/items/pot')
    const answer = await checkOut(alice)

    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      status: 200,
      body: { amount_minor: 2_500, lines: [line('beans', 2, 1_250)] },
    })
  })

  it('asks again for a price that grew old between its look and its lock', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    await age(alice)
    const asked: string[] = []
    shop.mesh.answer(listProducts, async ({ query }) => {
      const wanted = query.get('product_ids')!
      asked.push(wanted)
      // Another tab adds a line in between, at a price that is old by the time of the lock.
      if (asked.length === 1) {
        await shop.database.query(
          `update cart set lines = lines || jsonb_set(lines->0, '{item_id}', '"pot"') where customer_id = $1`,
          [alice.id],
        )
      }
      return { status: 200, body: { items: wanted.split(',').map(product), next_cursor: null } }
    })

    const answer = await checkOut(alice)

    expect(answer.status).toBe(202)
    expect(asked).toEqual(['beans', 'beans,pot'])
    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      body: { amount_minor: 200 },
    })
  })

  it('asks for prices that are older than a quarter of an hour, and is refused while they are not known', async () => {
    const alice = await shop.people.customer()
    await add(alice, 'beans')
    await age(alice)

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

  function orderThatIs(order_id: string, status: string, lines = [line('beans', 2, 1_000)]) {
    shop.mesh.answer(getOrder, () => ({
      status: 200,
      body: {
        order_id,
        status,
        mode: 'saga',
        lines,
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

    const first = await restore(alice, order_id, key)
    shop.prices({ beans: 9_000 })
    const again = await restore(alice, order_id, key)
    const shown = await cartOf(alice)
    const answer = await checkOut(alice)

    expect(first).toMatchObject({ status: 200, body: { amount_minor: 2_500, left_out: [] } })
    expect(again).toMatchObject({ status: 200, body: { lines: [{ item_id: 'beans', quantity: 2 }] } })
    expect(shown.amount_minor).toBe(2_500)
    expect(await alice.get(`/checkouts/${answer.body.order_id}`)).toMatchObject({
      body: { amount_minor: 2_500 },
    })
  })

  it('leaves out what is not in the catalogue any more, and says what', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()
    orderThatIs(order_id, 'CANCELLED', [line('beans', 2, 1_000), line('gone', 1, 500)])

    const restored = await restore(alice, order_id)

    expect(restored).toMatchObject({
      status: 200,
      body: { lines: [{ item_id: 'beans' }], amount_minor: 2_500, left_out: ['gone'] },
    })
    expect((await checkOut(alice)).status).toBe(202)
  })

  it('is refused where nothing of it is in the catalogue any more', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()
    orderThatIs(order_id, 'CANCELLED', [line('gone', 1, 500)])

    expect(await restore(alice, order_id)).toMatchObject({
      status: 422,
      body: { type: '/problems/unknown-item', errors: [{ pointer: '/order_id' }] },
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
