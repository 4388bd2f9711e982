import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import type { EventType } from '@lepton/contracts/event'
import {
  ReservationOverdue,
  StockCommitted,
  StockRejected,
  StockReleased,
  StockReserved,
  StockRestocked,
  StockStatus,
} from '@lepton/contracts/inventory'
import type { Order } from '@lepton/contracts/order'
import {
  PaymentAuthorized,
  PaymentCaptured,
  PaymentCaptureFailed,
  PaymentDeclined,
  PaymentRefunded,
  PaymentStatus,
  PaymentVoided,
} from '@lepton/contracts/payment'
import { eventRecord, eventsOf, line } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { startAntiEntropy, startDeadlines } from '../src/timers.ts'
import { until } from '@lepton/testing/until'
import { checkedOut, useOrderService } from './order-service.ts'

const shop = useOrderService()
beforeEach(() => shop.ordinaryDay())

type Step = [type: EventType, extra?: object]
const money = { amount_minor: 2_500, currency: 'EUR' }

/** Sends what inventory and payment tell about an order; sequences count per owner from 1. */
async function tell(order_id: string, steps: Step[], from: { inventory?: number; payment?: number } = {}) {
  const next = { 'inventory.v1': from.inventory ?? 1, 'payment.v1': from.payment ?? 1 }
  for (const [type, extra = {}] of steps) {
    const topic = type.topic as keyof typeof next
    await shop.broker.send([eventRecord(type, order_id, next[topic]++, { order_id, ...extra })])
    await shop.settle()
  }
}

async function publishedTypes(order_id: string): Promise<string[]> {
  await shop.settle()
  return eventsOf(shop.broker.records('order.v1'), order_id).map(({ type }) => type)
}

async function placed(body?: object): Promise<{ alice: Person; order_id: string }> {
  const alice = await shop.people.customer()
  return { alice, order_id: await shop.place(alice, body) }
}

const SAGAS: [name: string, steps: Step[], ends: Partial<Order>, published: string[]][] = [
  [
    'a purchase',
    [[StockReserved], [PaymentAuthorized, money], [StockCommitted], [PaymentCaptured, money]],
    { status: 'COMPLETED' },
    ['order.confirmed.v1', 'order.completed.v1'],
  ],
  [
    'a purchase whose payment is heard of first',
    [[PaymentAuthorized, money], [PaymentCaptured, money], [StockReserved], [StockCommitted]],
    { status: 'COMPLETED' },
    ['order.confirmed.v1', 'order.completed.v1'],
  ],
  [
    'out of stock',
    [
      [StockRejected, { shortages: [{ product_id: 'espresso-beans', requested: 2, available: 1 }] }],
      [PaymentVoided],
    ],
    {
      status: 'REJECTED',
      reason: 'OUT_OF_STOCK',
      shortages: [{ product_id: 'espresso-beans', requested: 2, available: 1 }],
    },
    ['order.cancelled.v1', 'order.closed.v1'],
  ],
  [
    'a declined card',
    [[StockReserved], [PaymentDeclined, { decline_reason: 'insufficient funds' }], [StockReleased]],
    { status: 'REJECTED', reason: 'DECLINED' },
    ['order.cancelled.v1', 'order.closed.v1'],
  ],
  [
    'a capture that fails for good',
    [
      [StockReserved],
      [PaymentAuthorized, money],
      [StockCommitted],
      [PaymentCaptureFailed, { decline_reason: 'withdrawn' }],
      [StockRestocked],
      [PaymentVoided],
    ],
    { status: 'CANCELLED', reason: 'CAPTURE_FAILED' },
    ['order.confirmed.v1', 'order.cancelled.v1', 'order.closed.v1'],
  ],
]

describe('what the participants tell', () => {
  it.each(SAGAS)(
    'makes %s end as it should, each event published twice',
    async (_name, steps, ends, published) => {
      const { alice, order_id } = await placed()

      await tell(order_id, steps)

      expect(await shop.order(alice, order_id)).toMatchObject(ends)
      expect(await publishedTypes(order_id)).toEqual(['order.placed.v1', ...published])
      expect(shop.anomalies()).toBe(0)
    },
  )

  it('changes nothing when all events are published again', async () => {
    const { alice, order_id } = await placed()
    const story = [
      eventRecord(StockReserved, order_id, 1, { order_id }),
      eventRecord(PaymentAuthorized, order_id, 1, { order_id, ...money, currency: 'EUR' as const }),
      eventRecord(StockCommitted, order_id, 2, { order_id }),
      eventRecord(PaymentCaptured, order_id, 2, { order_id, ...money, currency: 'EUR' as const }),
    ]
    for (const record of story) {
      await shop.broker.send([record])
      await shop.settle()
    }
    const before = await factsOf(order_id)

    await shop.broker.send(story)
    await shop.broker.send(story.toReversed())
    await shop.settle()

    expect(await factsOf(order_id)).toEqual(before)
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'COMPLETED' })
  })

  it('keeps an event that comes before its time until the one before it is there', async () => {
    const { alice, order_id } = await placed()
    await tell(order_id, [[StockReserved], [PaymentAuthorized, money], [PaymentCaptured, money]])

    await shop.broker.send([eventRecord(StockReleased, order_id, 3, { order_id })])
    await shop.settle()
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'CONFIRMED' })
    expect(await lettersOf(order_id)).toMatchObject([{ status: 'BLOCKED', pub_seq: 3 }])

    await shop.broker.send([eventRecord(StockCommitted, order_id, 2, { order_id })])
    await until('the letter is replayed', async () =>
      (await lettersOf(order_id)).every(({ status }) => status === 'REPLAYED'),
    )
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'COMPLETED' })
  })

  it('takes a status answer as the event it stands for, over the gap that was lost', async () => {
    const { alice, order_id } = await placed()

    await shop.broker.send([eventRecord(StockStatus, order_id, 2, { order_id, state: 'HELD' })])
    await shop.broker.send([eventRecord(PaymentStatus, order_id, 3, { order_id, state: 'AUTHORIZED' })])
    await shop.settle()

    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'CONFIRMED' })
    expect(await lettersOf(order_id)).toEqual([])
  })

  it('tells its decision again to a participant that has not heard of it', async () => {
    const { order_id } = await placed()
    await tell(order_id, [[StockReserved], [PaymentAuthorized, money], [StockStatus, { state: 'NONE' }]])
    await tell(order_id, [[ReservationOverdue]], { inventory: 3 })

    expect(await publishedTypes(order_id)).toEqual([
      'order.placed.v1',
      'order.confirmed.v1',
      'order.confirmed.v1',
      'order.confirmed.v1',
    ])
  })

  it('gives money and units back after a refund of a completed order', async () => {
    const { alice, order_id } = await placed()
    await tell(order_id, [
      [StockReserved],
      [PaymentAuthorized, money],
      [StockCommitted],
      [PaymentCaptured, money],
    ])

    const answer = await alice.post(`/orders/${order_id}/refund`)
    await tell(order_id, [[PaymentRefunded, money], [StockRestocked]], { inventory: 3, payment: 3 })

    expect(answer.status).toBe(202)
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'REFUNDED', reason: 'REFUND' })
  })

  it('records what cannot happen and changes nothing', async () => {
    const { alice, order_id } = await placed()
    const anomalies = shop.anomalies()

    await tell(order_id, [[StockReserved], [StockCommitted]])

    expect(shop.anomalies()).toBe(anomalies + 1)
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'RESERVED' })
    const { rows } = await shop.database.query(
      'select input, decision from order_anomalies where order_id = $1',
      [order_id],
    )
    expect(rows).toEqual([{ input: 'stock_committed', decision: 'OPEN' }])
  })

  it('about an order that was not placed becomes a dead letter and stops no other', async () => {
    const unknown = newId()
    const { alice, order_id } = await placed()

    await shop.broker.send([
      eventRecord(StockReserved, unknown, 1, { order_id: unknown }),
      eventRecord(StockReserved, order_id, 1, { order_id }),
    ])
    await shop.settle()

    expect(await lettersOf(unknown)).toMatchObject([{ status: 'DEAD', error_class: 'Poison' }])
    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'RESERVED' })
  })
})

describe('a checkout', () => {
  it('becomes one order at the prices of the cart, however often it is published', async () => {
    const alice = await shop.people.customer()
    const { order_id, record } = checkedOut(alice.id, [line('moka-pot', 2, 777)])

    await shop.broker.send([record])
    await shop.broker.send([record])
    await shop.settle()

    expect(await shop.order(alice, order_id)).toMatchObject({ status: 'PLACED', amount_minor: 1_554 })
    expect(await publishedTypes(order_id)).toEqual(['order.placed.v1'])
  })

  it('waits for its customer without a card, and has more time', async () => {
    const alice = await shop.people.customer()
    const paid = checkedOut(alice.id)
    const waiting = checkedOut(alice.id, [line()], null)

    await shop.broker.send([paid.record, waiting.record])
    await shop.settle()

    const [soon, later] = await Promise.all(
      [paid, waiting].map(({ order_id }) => shop.order(alice, order_id)),
    )
    const allowedMs = (order: Order) => Date.parse(order.deadline!) - Date.parse(order.created_at)
    expect([allowedMs(soon!), allowedMs(later!)]).toEqual([120_000, 600_000])
  })
})

describe('the clock', () => {
  it('cancels an order that is undecided at its deadline, and only that', async () => {
    const late = await placed()
    const confirmed = await placed()
    await tell(confirmed.order_id, [[StockReserved], [PaymentAuthorized, money]])
    await shop.database.query(`update order_stream set deadline = now() - interval '1 second'`)

    await runTimer(
      startDeadlines,
      async () => (await shop.order(late.alice, late.order_id)).status === 'CANCELLING',
    )

    expect(await shop.order(late.alice, late.order_id)).toMatchObject({ reason: 'EXPIRED' })
    expect(await shop.order(confirmed.alice, confirmed.order_id)).toMatchObject({ status: 'CONFIRMED' })
  })

  it('asks after an order that is stuck, but not one that waits for its customer', async () => {
    const stuck = await placed()
    const waiting = await placed({ payment_token: undefined })
    await tell(waiting.order_id, [[StockReserved]])
    await shop.database.query(
      `update order_stream set updated_at = now() - interval '11 seconds' where order_id = any($1::uuid[])`,
      [[stuck.order_id, waiting.order_id]],
    )

    await runTimer(startAntiEntropy, async () => (await publishedTypes(stuck.order_id)).length === 2)

    expect(await publishedTypes(stuck.order_id)).toEqual(['order.placed.v1', 'order.status_requested.v1'])
    expect(await publishedTypes(waiting.order_id)).toEqual(['order.placed.v1'])
  })
})

async function runTimer(start: typeof startDeadlines, isDone: () => Promise<boolean>): Promise<void> {
  const timer = start(shop.deps)
  await until('the timer did its work', isDone)
  await timer.stop()
}

async function factsOf(order_id: string) {
  const { rows } = await shop.database.query(
    'select version, type, data from order_events where order_id = $1 order by version',
    [order_id],
  )
  return rows
}

async function lettersOf(key: string) {
  const { rows } = await shop.database.query<{ status: string; pub_seq: number; error_class: string }>(
    'select status, pub_seq, error_class from dead_letter where key = $1 order by id',
    [key],
  )
  return rows
}
