import { beforeEach, describe, expect, it } from '@jest/globals'
import { StockReserved } from '@lepton/contracts/inventory'
import { ROOM_HEADER } from '@lepton/contracts/order'
import { getRoom } from '@lepton/contracts/order-routes'
import { PaymentAuthorized } from '@lepton/contracts/payment'
import type { Problem } from '@lepton/contracts/problems'
import { eventRecord, freshKey } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { countInProgress } from '../src/store.ts'
import { useOrderService } from './order-service.ts'

const shop = useOrderService()
beforeEach(() => shop.ordinaryDay())

function order(person: Person, { quantity = 1, isPaid = true } = {}) {
  const lines = [{ item_id: 'espresso-beans', quantity }]
  const body = { lines, ...(isPaid && { payment_token: 'tok_approved' }) }
  return person.post<Problem & { order_id: string }>('/orders', body, { key: freshKey() })
}

describe('what one customer may have open', () => {
  it('is a number of orders, also when all are sent at once', async () => {
    const { maxOpenOrders } = shop.deps.limits
    const [greedy, other] = [await shop.people.customer(), await shop.people.customer()]

    const answers = await Promise.all(Array.from({ length: maxOpenOrders + 15 }, () => order(greedy)))

    const refused = answers.filter(({ status }) => status !== 202)
    expect(answers.length - refused.length).toBe(maxOpenOrders)
    for (const { status, body, headers } of refused) {
      expect([status, body.type]).toEqual([409, '/problems/too-many-open-orders'])
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect((await order(other)).status).toBe(202)
  })

  it('is a number of units that no card was given for', async () => {
    const { maxUnpaidUnits } = shop.deps.limits
    const hoarder = await shop.people.customer()
    const half = maxUnpaidUnits / 2
    expect((await order(hoarder, { quantity: half, isPaid: false })).status).toBe(202)
    expect((await order(hoarder, { quantity: half, isPaid: false })).status).toBe(202)

    const more = await order(hoarder, { quantity: 1, isPaid: false })
    const paid = await order(hoarder, { quantity: 500 })

    expect([more.status, more.body.type]).toEqual([409, '/problems/too-many-open-orders'])
    expect(paid.status).toBe(202)
  })

  it('can be taken up again with the same key when an order is over', async () => {
    const hoarder = await shop.people.customer()
    const first = await order(hoarder, { quantity: 100, isPaid: false })
    const body = { lines: [{ item_id: 'espresso-beans', quantity: 1 }] }
    const key = freshKey()
    expect((await hoarder.post('/orders', body, { key })).status).toBe(409)

    await hoarder.post(`/orders/${first.body.order_id}/cancel`)

    expect((await hoarder.post('/orders', body, { key })).status).toBe(202)
  })

  it('is asked by the cart before it closes', async () => {
    const person = await shop.people.customer()
    const admission = (units: number, is_paid: boolean) =>
      person.post('/admission', { units, is_paid }).then(({ status }) => status)

    expect(await Promise.all([admission(101, false), admission(100, false), admission(5_000, true)])).toEqual(
      [409, 204, 204],
    )
  })
})

describe('orders in progress', () => {
  const BACKLOG = {
    room: () => undefined,
    isFull: () => false,
    took: () => undefined,
    answered: () => undefined,
  }

  it('are refused when they are too many, and say before how many more can come', async () => {
    const person = await shop.people.customer()
    Object.assign(shop.deps.backlog, { ...BACKLOG, room: () => 7 })
    const last = await order(person)
    expect([last.status, last.headers[ROOM_HEADER]]).toEqual([202, '7'])
    const gateway = await shop.people.peer('gateway', getRoom.operation)
    expect((await gateway.get('/admission')).body).toEqual({ orders: 7 })

    Object.assign(shop.deps.backlog, { ...BACKLOG, isFull: () => true })
    expect(await order(person)).toMatchObject({
      status: 503,
      body: { type: '/problems/overloaded' },
      headers: { 'lepton-fault': 'overload', 'retry-after': '1' },
    })
    Object.assign(shop.deps.backlog, BACKLOG)
    expect((await order(person)).headers).not.toHaveProperty(ROOM_HEADER)
  })

  it('know how long each waited for inventory, and for payment without the time of the card processor', async () => {
    const waits: number[] = []
    Object.assign(shop.deps.backlog, {
      ...BACKLOG,
      answered: (_topic: string, ms: number) => waits.push(ms),
    })
    const { body } = await order(await shop.people.customer())
    const { order_id } = body
    const money = { order_id, amount_minor: 1_250, currency: 'EUR' as const }

    await shop.broker.send([eventRecord(StockReserved, order_id, 1, { order_id })])
    await shop.settle()
    await shop.broker.send([eventRecord(PaymentAuthorized, order_id, 1, { ...money, processor_ms: 60_000 })])
    await shop.settle()

    expect(waits).toHaveLength(2)
    expect(waits[0]).toBeLessThan(10_000)
    expect(waits[1]).toBe(0)
  })

  it('count a few of each customer, so that slow cards of one are not the backlog of all', async () => {
    const before = await countInProgress(shop.database)
    const greedy = await shop.people.customer()
    for (let orders = 0; orders < 12; orders++) await order(greedy)

    expect((await countInProgress(shop.database)) - before).toBe(8)
  })

  it('that wait for their customer say nothing about the shop', async () => {
    const waits: number[] = []
    Object.assign(shop.deps.backlog, {
      ...BACKLOG,
      answered: (_topic: string, ms: number) => waits.push(ms),
    })
    const { body } = await order(await shop.people.customer(), { isPaid: false })

    await shop.broker.send([eventRecord(StockReserved, body.order_id, 1, { order_id: body.order_id })])
    await shop.settle()

    expect(waits).toEqual([])
  })
})
