import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { PaymentAuthorized, PaymentCaptured } from '@lepton/contracts/payment'
import { StockReserved } from '@lepton/contracts/inventory'
import { getCheckout, listCheckouts } from '@lepton/contracts/cart-routes'
import { listProducts } from '@lepton/contracts/inventory-routes'
import { eventRecord, eventsOf, freshKey, line } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import { cards, checkedOut, useOrderService } from './order-service.ts'

const shop = useOrderService()
const lines = [{ item_id: 'espresso-beans', quantity: 2 }]

beforeEach(() => shop.ordinaryDay())

describe('POST /orders', () => {
  it('accepts an order at the prices of inventory and publishes it', async () => {
    const alice = await shop.people.customer()
    const body = { lines: [...lines, { item_id: 'moka-pot', quantity: 1 }], payment_token: 'tok_approved' }

    const answer = await alice.post<{ order_id: string }>('/orders', body, { key: freshKey() })

    const { order_id } = answer.body
    expect(answer).toMatchObject({ status: 202, body: { order_id, status: 'PLACED' } })
    expect(answer.headers.location).toBe(`/api/v1/orders/${order_id}`)
    expect(await shop.order(alice, order_id)).toMatchObject({
      order_id,
      status: 'PLACED',
      amount_minor: 2 * 1_250 + 3_900,
      lines: [line('espresso-beans', 2, 1_250), line('moka-pot', 1, 3_900)],
    })
    await shop.settle()
    const events = eventsOf(shop.broker.records('order.v1'), order_id)
    expect(events).toMatchObject([
      { type: 'order.placed.v1', sequence: 1, data: { customer_id: alice.id, amount_minor: 6_400 } },
    ])
    expect(cards.open(String(events[0]!.data['payment_token']), order_id)).toBe('tok_approved')
  })

  it('keeps a card in no table, and publishes it for the payment service alone', async () => {
    const alice = await shop.people.customer()
    const id = await shop.place(alice, { payment_token: 'tok_insufficient_funds' })
    await shop.place(alice, { payment_token: 'tok_insufficient_funds', mode: 'two_phase' })
    await shop.settle()

    for (const table of ['order_events', 'order_stream', 'outbox', 'idempotency']) {
      const { rows } = await shop.database.query(
        `select from ${table} t where t::text like '%tok_insufficient%'`,
      )
      expect([table, rows.length]).toEqual([table, 0])
    }
    expect(JSON.stringify(eventsOf(shop.broker.records('order.v1'), id))).toContain('sealed.')
  })

  it('answers a repeat with the same key from memory and places nothing', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()

    const first = await alice.post('/orders', { lines }, { key })
    const second = await alice.post('/orders', { lines }, { key })

    expect(second.status).toBe(202)
    expect(second.body).toEqual(first.body)
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect((await alice.get<{ items: unknown[] }>('/orders')).body.items).toHaveLength(1)
  })

  it('places one order for twin requests with one key', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()

    const twins = await Promise.all([1, 2, 3, 4].map(() => alice.post('/orders', { lines }, { key })))

    expect(new Set(twins.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(twins.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    expect((await alice.get<{ items: unknown[] }>('/orders')).body.items).toHaveLength(1)
  })

  it('refuses a key that was used for another body', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()
    await alice.post('/orders', { lines }, { key })

    const answer = await alice.post('/orders', { lines: [{ item_id: 'moka-pot', quantity: 1 }] }, { key })

    expect(answer).toMatchObject({ status: 422, body: { type: '/problems/idempotency-key-reused' } })
  })

  it('still knows the order of a key after the stored answer was swept', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()
    const first = await alice.post('/orders', { lines }, { key })
    await shop.database.query('delete from idempotency')

    const again = await alice.post('/orders', { lines }, { key })
    const other = await alice.post('/orders', { lines: [{ item_id: 'moka-pot', quantity: 1 }] }, { key })
    const inTwoPhases = { lines, payment_token: 'tok_approved', mode: 'two_phase' }
    await shop.database.query('delete from idempotency')
    const otherwise = await alice.post('/orders', inTwoPhases, { key })

    expect(again).toMatchObject({
      status: 202,
      body: { order_id: (first.body as { order_id: string }).order_id },
    })
    expect([other.status, otherwise.status]).toEqual([422, 422])
  })

  it('names each line whose item is not in the catalogue', async () => {
    const alice = await shop.people.customer()
    const wanted = [...lines, { item_id: 'no-such-thing', quantity: 1 }]

    const answer = await alice.post('/orders', { lines: wanted }, { key: freshKey() })

    expect(answer).toMatchObject({
      status: 422,
      body: { type: '/problems/unknown-item', errors: [{ pointer: '/lines/1/item_id' }] },
    })
  })

  it('names each line that repeats an item', async () => {
    const alice = await shop.people.customer()

    const answer = await alice.post('/orders', { lines: [...lines, ...lines] }, { key: freshKey() })

    expect(answer).toMatchObject({
      status: 422,
      body: { type: '/problems/duplicate-lines', errors: [{ pointer: '/lines/1/item_id' }] },
    })
  })

  it('is not available while inventory is away, and works with the same key afterwards', async () => {
    const alice = await shop.people.customer()
    const key = freshKey()
    shop.mesh.away(listProducts)

    const refused = await alice.post('/orders', { lines }, { key })
    shop.ordinaryDay()
    const accepted = await alice.post('/orders', { lines }, { key })

    expect(refused).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } })
    expect(refused.headers['retry-after']).toBe('1')
    expect(accepted.status).toBe(202)
  })
})

describe('GET /orders', () => {
  it('lists my orders newest first, a page at a time, and no others', async () => {
    const alice = await shop.people.customer()
    const bob = await shop.people.customer()
    const mine: string[] = []
    for (let count = 0; count < 5; count++) mine.unshift(await shop.place(alice))
    await shop.place(bob)

    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const path: string = `/orders?limit=2${cursor && `&cursor=${cursor}`}`
      const { body } = await alice.get<{ items: { order_id: string }[]; next_cursor: string | null }>(path)
      seen.push(...body.items.map(({ order_id }) => order_id))
      cursor = body.next_cursor
    }

    expect(seen).toEqual(mine)
  })

  it('begins with checkouts that are not placed yet', async () => {
    const alice = await shop.people.customer()
    const placed = await shop.place(alice)
    const pending = submitted(newId())
    shop.mesh.answer(listCheckouts, () => ({
      status: 200,
      body: { items: [pending, submitted(placed)] },
    }))

    const { body } = await alice.get('/orders')

    expect(body).toMatchObject({ items: [{ ...pending, status: 'SUBMITTED' }, { order_id: placed }] })
    expect((body as { items: unknown[] }).items).toHaveLength(2)
  })

  it('goes without the checkouts while the cart service is away, and says so', async () => {
    const alice = await shop.people.customer()
    const placed = await shop.place(alice)
    shop.mesh.away(listCheckouts)

    expect(await alice.get('/orders')).toMatchObject({
      status: 200,
      body: { items: [{ order_id: placed }], incomplete: [{ service: 'cart', problem: 'unavailable' }] },
    })
  })

  it('shows a checkout that becomes an order while the list is made, once', async () => {
    const alice = await shop.people.customer()
    const { order_id, record } = checkedOut(alice.id)
    shop.mesh.answer(listCheckouts, async () => {
      const items = [submitted(order_id)]
      await shop.broker.send([record])
      await shop.settle()
      return { status: 200, body: { items } }
    })

    const { body } = await alice.get<{ items: { order_id: string }[] }>('/orders')

    expect(body.items.map((order) => order.order_id)).toEqual([order_id])
  })

  it('refuses a cursor that it did not give', async () => {
    const alice = await shop.people.customer()

    for (const cursor of ['x', '%5B%5D', 'WyJhIiwiYiJd']) {
      const answer = await alice.get(`/orders?cursor=${cursor}`)
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '?cursor' }] } })
    }
  })
})

describe('an order between its 202 and its stream', () => {
  it('is SUBMITTED, as the cart service has it', async () => {
    const alice = await shop.people.customer()
    const order_id = newId()
    shop.mesh.answer(getCheckout, () => ({ status: 200, body: submitted(order_id) }))

    const order = await alice.get(`/orders/${order_id}`)
    const history = await alice.get(`/orders/${order_id}/events`)
    const cancel = await alice.post(`/orders/${order_id}/cancel`)
    const refund = await alice.post(`/orders/${order_id}/refund`)

    expect(order).toMatchObject({ status: 200, body: { order_id, status: 'SUBMITTED' } })
    expect(history).toMatchObject({ status: 200, body: { items: [] } })
    expect(cancel).toMatchObject({ status: 409, body: { type: '/problems/order-not-ready' } })
    expect(cancel.headers['retry-after']).toBe('1')
    expect(refund).toMatchObject({ status: 409, body: { type: '/problems/order-not-ready' } })
  })

  it('is not unknown because the cart service refused to answer', async () => {
    const alice = await shop.people.customer()
    shop.mesh.answer(getCheckout, () => problemAnswer('too-many-requests'))

    expect((await alice.get(`/orders/${newId()}`)).status).toBe(429)
  })

  it('is not available while the cart service is away', async () => {
    const alice = await shop.people.customer()
    shop.mesh.away(getCheckout)

    const answer = await alice.get(`/orders/${newId()}`)

    expect(answer.status).toBe(503)
  })
})

describe('a customer’s decision', () => {
  it('cancels an open order once, however often it is asked', async () => {
    const alice = await shop.people.customer()
    const order_id = await shop.place(alice)

    const first = await alice.post(`/orders/${order_id}/cancel`)
    const second = await alice.post(`/orders/${order_id}/cancel`)

    expect(first).toMatchObject({ status: 202, body: { order_id, status: 'CANCELLING' } })
    expect(second).toMatchObject({ status: 200, body: { order_id, status: 'CANCELLING' } })
    await shop.settle()
    const published = eventsOf(shop.broker.records('order.v1'), order_id)
    expect(published.map(({ type }) => type)).toEqual(['order.placed.v1', 'order.cancelled.v1'])
    expect(published[1]!.data).toMatchObject({ reason: 'CUSTOMER' })
  })

  it('cannot cancel a confirmed order, and learns of the refund', async () => {
    const alice = await shop.people.customer()
    const order_id = await confirmed(alice)

    const answer = await alice.post(`/orders/${order_id}/cancel`)

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/order-settled' } })
    expect((answer.body as { detail: string }).detail).toContain(`/orders/${order_id}/refund`)
  })

  it('cannot refund what was cancelled before it was paid, and says so', async () => {
    const alice = await shop.people.customer()
    const order_id = await shop.place(alice)
    await alice.post(`/orders/${order_id}/cancel`)

    const answer = await alice.post<{ detail: string }>(`/orders/${order_id}/refund`)

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/order-settled' } })
    expect(answer.body.detail).toContain('nothing to give back')
  })

  it('refunds only what is captured', async () => {
    const alice = await shop.people.customer()
    const order_id = await shop.place(alice)
    const open = await alice.post(`/orders/${order_id}/refund`)
    await confirm(order_id)
    const uncaptured = await alice.post(`/orders/${order_id}/refund`)
    await shop.broker.send([eventRecord(PaymentCaptured, order_id, 2, money(order_id))])
    await shop.settle()

    const captured = await alice.post(`/orders/${order_id}/refund`)
    const again = await alice.post(`/orders/${order_id}/refund`)

    expect(open).toMatchObject({ status: 409, body: { type: '/problems/order-not-ready' } })
    expect(uncaptured).toMatchObject({ status: 409, body: { type: '/problems/order-not-ready' } })
    expect(captured).toMatchObject({ status: 202, body: { status: 'CANCELLING' } })
    expect(again).toMatchObject({ status: 200, body: { status: 'CANCELLING' } })
    expect(await shop.order(alice, order_id)).toMatchObject({ reason: 'REFUND' })
  })
})

describe('the history of an order', () => {
  it('holds every fact in order', async () => {
    const alice = await shop.people.customer()
    const order_id = await confirmed(alice)

    const { body } = await alice.get<{ items: { version: number; type: string }[] }>(
      `/orders/${order_id}/events`,
    )

    expect(body.items.map(({ version, type }) => `${version} ${type}`)).toEqual([
      '1 order.placed.v1',
      '2 order.stock_changed.v1',
      '3 order.payment_changed.v1',
      '4 order.confirmed.v1',
    ])
  })
})

async function confirmed(customer: Parameters<typeof shop.place>[0]): Promise<string> {
  const order_id = await shop.place(customer)
  await confirm(order_id)
  return order_id
}

async function confirm(order_id: string): Promise<void> {
  await shop.broker.send([
    eventRecord(StockReserved, order_id, 1, { order_id }),
    eventRecord(PaymentAuthorized, order_id, 1, money(order_id)),
  ])
  await shop.settle()
}

function money(order_id: string) {
  return { order_id, amount_minor: 2_500, currency: 'EUR' as const }
}

function submitted(order_id: string) {
  return {
    order_id,
    status: 'SUBMITTED',
    mode: 'saga',
    lines: [line()],
    amount_minor: 1_000,
    currency: 'EUR',
    created_at: new Date().toISOString(),
  }
}
