import { beforeEach, describe, expect, it } from '@jest/globals'
import { StockReserved } from '@lepton/contracts/inventory'
import type { Problem } from '@lepton/contracts/problems'
import { eventRecord, freshKey } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { createBacklog } from '../src/backlog.ts'
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

describe('orders that wait for inventory', () => {
  it('are bounded while inventory answers: more are refused, and taken again when it has caught up', async () => {
    const person = await shop.people.customer()
    const first = await order(person)
    Object.assign(
      shop.deps.backlog,
      createBacklog(() => Promise.resolve(200), 200),
    )
    const { order_id } = first.body
    await shop.broker.send([eventRecord(StockReserved, order_id, 1, { order_id })])
    await shop.settle()

    const refused = await until('a refusal', async () => {
      const answer = await order(person)
      return answer.status === 503 && answer
    })
    expect(refused).toMatchObject({
      body: { type: '/problems/overloaded' },
      headers: { 'lepton-fault': 'overload', 'retry-after': '1' },
    })

    Object.assign(
      shop.deps.backlog,
      createBacklog(() => Promise.resolve(0), 200),
    )
    expect((await order(person)).status).toBe(202)
  })

  it('are unbounded while nothing moves: an outage ends, and what was accepted is carried out', async () => {
    let nowMs = 0
    const backlog = createBacklog(
      () => Promise.resolve(1_000),
      200,
      () => nowMs,
    )
    backlog.moved()
    backlog.isFull()
    await until('a count', () => backlog.isFull())

    nowMs = 2_500
    backlog.isFull()
    await Promise.resolve()

    expect(backlog.isFull()).toBe(false)
  })
})
