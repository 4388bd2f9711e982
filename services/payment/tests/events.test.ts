import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockRejected, StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatusRequested } from '@lepton/contracts/order'
import { eventRecord, eventsOf, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { cards, usePaymentService } from './payment-service.ts'

const shop = usePaymentService()

const placed = (id: string, sequence = 1, rest: object = {}) =>
  eventRecord(OrderPlaced, id, sequence, placement(id, { amount_minor: 2_500, ...rest }))
const confirmed = (id: string, sequence = 2) =>
  eventRecord(OrderConfirmed, id, sequence, { order_id: id, mode: 'saga' })
const cancelled = (id: string, sequence = 2) =>
  eventRecord(OrderCancelled, id, sequence, { order_id: id, mode: 'saga', reason: 'CUSTOMER' })
const reserved = (id: string, sequence = 1) => eventRecord(StockReserved, id, sequence, { order_id: id })

async function send(...records: ReturnType<typeof placed>[]): Promise<void> {
  for (const record of records) {
    await shop.broker.send([record])
    await shop.settle()
  }
}

async function toldTypes(id: string): Promise<string[]> {
  await shop.settle()
  return eventsOf(shop.broker.records('payment.v1'), id).map(({ type }) => type)
}

function done(id: string): string[] {
  return shop.psp.done.filter(({ order_id }) => order_id === id).map(({ op }) => op)
}

describe('an authorisation', () => {
  it('begins when intent and stock are both there, whichever came first, and happens once', async () => {
    const [intentFirst, stockFirst] = [newId(), newId()]

    await send(placed(intentFirst), reserved(intentFirst))
    await send(reserved(stockFirst), placed(stockFirst))
    await shop.broker.send([placed(intentFirst), reserved(intentFirst), reserved(stockFirst)])

    for (const id of [intentFirst, stockFirst]) {
      expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
      expect(done(id)).toEqual(['AUTH'])
      expect(await shop.ledgerOf(id)).toEqual([{ kind: 'AUTH', amount_minor: 2_500 }])
    }
  })

  it('opens the card that was sealed for this order', async () => {
    const id = newId()

    await send(placed(id, 1, { payment_token: cards.seal('tok_approved', id) }), reserved(id))

    expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
    expect(shop.psp.done.find(({ order_id }) => order_id === id)).toMatchObject({
      payment_token: 'tok_approved',
    })
  })

  it('does not begin with a card that was sealed for another order, and takes one from the customer', async () => {
    const id = newId()
    const before = shop.anomalies()

    await send(placed(id, 1, { payment_token: cards.seal('tok_approved', newId()) }), reserved(id))

    expect([await toldTypes(id), done(id)]).toEqual([[], []])
    expect(await shop.stateOf(id)).toBe('INTENT')
    expect(shop.anomalies()).toBeGreaterThan(before)
  })

  it('keeps tracestate and the sampled flag of the event that it comes of, through its task', async () => {
    const id = newId()
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-00`, tracestate: 'vendor=1' }

    await send(placed(id), eventRecord(StockReserved, id, 1, { order_id: id }, { headers }))

    expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
    const [event] = eventsOf(shop.broker.records('payment.v1'), id)
    expect(event?.headers).toMatchObject({ tracestate: 'vendor=1' })
    expect(event?.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
  })

  it('does not begin while stock is missing', async () => {
    const id = newId()

    await send(placed(id))
    await shop.broker.send([eventRecord(StockRejected, id, 1, { order_id: id, shortages: [] })])

    expect(await toldTypes(id)).toEqual([])
    expect(await shop.stateOf(id)).toBe('INTENT')
    expect(done(id)).toEqual([])
  })

  it('that is refused is published as a decline', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'refuse')

    await send(placed(id), reserved(id))

    const [declined] = eventsOf(shop.broker.records('payment.v1'), id)
    expect(declined).toMatchObject({
      type: 'payment.declined.v1',
      data: { decline_reason: 'as the test wants' },
    })
    expect(await shop.ledgerOf(id)).toEqual([])
  })

  it.each([
    ['fail', 3],
    // The second attempt first looks at what the processor has booked.
    ['fail after it was done', 1],
  ] as const)(
    'with an unknown outcome (%s) is asked again with the same key, and charged once',
    async (how, times) => {
      const id = newId()
      shop.psp.next('AUTH', ...Array.from({ length: Math.min(times, 2) }, () => how))

      await send(placed(id), reserved(id))

      const asked = shop.psp.asked.filter(({ order_id }) => order_id === id)
      expect(asked).toHaveLength(times)
      expect(new Set(asked.map(({ psp_key }) => psp_key)).size).toBe(1)
      expect(done(id)).toEqual(['AUTH'])
      expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
    },
  )
})

describe('a confirmed order', () => {
  it('is captured once', async () => {
    const id = newId()

    await send(placed(id), reserved(id), confirmed(id), confirmed(id, 3))

    expect(done(id)).toEqual(['AUTH', 'CAPTURE'])
    expect(await toldTypes(id)).toEqual(['payment.authorized.v1', 'payment.captured.v1'])
  })

  it('whose capture is refused for good says so, and is voided when the order gives up', async () => {
    const id = newId()
    shop.psp.next('CAPTURE', 'refuse')

    await send(placed(id), reserved(id), confirmed(id), cancelled(id, 3))

    expect(done(id)).toEqual(['AUTH', 'VOID'])
    expect(await toldTypes(id)).toEqual([
      'payment.authorized.v1',
      'payment.capture_failed.v1',
      'payment.voided.v1',
    ])
  })

  it('that was never authorised is an anomaly that moves no money', async () => {
    const id = newId()
    const anomalies = shop.anomalies()

    await send(placed(id), confirmed(id))

    expect(shop.anomalies()).toBe(anomalies + 1)
    expect(done(id)).toEqual([])
  })
})

describe('a cancelled order', () => {
  it('that was never placed here leaves a tombstone: a reservation that comes late starts nothing', async () => {
    const id = newId()

    await send(cancelled(id, 1), reserved(id), placed(id, 2))

    expect(await shop.stateOf(id)).toBe('VOIDED')
    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
    expect(done(id)).toEqual([])
  })

  it('with an intent only is voided without asking the processor', async () => {
    const id = newId()
    await send(placed(id), cancelled(id))
    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
    expect(done(id)).toEqual([])
  })

  it('that is authorised is voided', async () => {
    const id = newId()
    await send(placed(id), reserved(id), cancelled(id))
    expect(done(id)).toEqual(['AUTH', 'VOID'])
    expect(await toldTypes(id)).toEqual(['payment.authorized.v1', 'payment.voided.v1'])
  })

  it('that is captured is refunded in full', async () => {
    const id = newId()
    await send(placed(id), reserved(id), confirmed(id), cancelled(id, 3))
    expect(done(id)).toEqual(['AUTH', 'CAPTURE', 'REFUND'])
    expect(await toldTypes(id)).toEqual([
      'payment.authorized.v1',
      'payment.captured.v1',
      'payment.refunded.v1',
    ])
    expect((await shop.ledgerOf(id)).map(({ amount_minor }) => amount_minor)).toEqual([2_500, 2_500, 2_500])
  })

  it('while the processor is being asked is undone when the answer is there', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')
    await shop.broker.send([placed(id), reserved(id)])
    await until('the processor is asked', () => shop.psp.asked.some(({ order_id }) => order_id === id))
    await shop.broker.send([cancelled(id)])
    await until('the cancellation is noted', async () => (await flagsOf(id)).cancelled)

    shop.psp.release()

    expect(await toldTypes(id)).toEqual(['payment.voided.v1'])
    expect(done(id)).toEqual(['AUTH', 'VOID'])
  })

  it('while a capture is in flight is refunded when the capture is done', async () => {
    const id = newId()
    await send(placed(id), reserved(id))
    shop.psp.next('CAPTURE', 'hold')
    await shop.broker.send([confirmed(id)])
    await until('the capture is asked', () =>
      shop.psp.asked.some(({ order_id, op }) => order_id === id && op === 'CAPTURE'),
    )
    await shop.broker.send([cancelled(id, 3)])
    await until('the cancellation is noted', async () => (await flagsOf(id)).cancelled)

    shop.psp.release()

    expect(await toldTypes(id)).toEqual(['payment.authorized.v1', 'payment.refunded.v1'])
    expect(done(id)).toEqual(['AUTH', 'CAPTURE', 'REFUND'])
  })

  it('whose void is refused at first is asked again until it is done', async () => {
    const id = newId()
    shop.psp.next('VOID', 'refuse', 'refuse')

    await send(placed(id), reserved(id), cancelled(id))

    expect(await shop.stateOf(id)).toBe('VOIDED')
    expect(done(id)).toEqual(['AUTH', 'VOID'])
  })
})

describe('a question', () => {
  it('is answered with where the payment stands, also for an order that was not published', async () => {
    const [known, unknown] = [newId(), newId()]
    const ask = (id: string, sequence: number) =>
      eventRecord(OrderStatusRequested, id, sequence, { order_id: id })

    await send(placed(known), ask(known, 2), ask(unknown, 1))

    const states = [known, unknown].map(
      (id) => eventsOf(shop.broker.records('payment.v1'), id).at(-1)?.data.state,
    )
    expect(states).toEqual(['INTENT', 'NONE'])
  })
})

describe('a crash', () => {
  it('between the call and its booking repeats the call with the same key', async () => {
    const id = newId()
    shop.psp.next('AUTH', 'hold')
    await shop.broker.send([placed(id), reserved(id)])
    await until('the processor is asked', () => shop.psp.asked.some(({ order_id }) => order_id === id))
    // As if the instance that claimed it were gone: its lease ends, and the task is anybody's.
    await shop.database.query(
      `update psp_task set lease_until = now() - interval '1 second' where order_id = $1`,
      [id],
    )
    await until(
      'another takes the task',
      () => shop.psp.asked.filter(({ order_id }) => order_id === id).length === 2,
    )

    shop.psp.release()

    expect(await toldTypes(id)).toEqual(['payment.authorized.v1'])
    expect(await shop.ledgerOf(id)).toHaveLength(1)
    expect(done(id)).toEqual(['AUTH'])
  })
})

async function flagsOf(id: string): Promise<{ cancelled: boolean }> {
  const { rows } = await shop.database.query<{ cancelled: boolean }>(
    'select cancelled from payment where order_id = $1',
    [id],
  )
  return rows[0]!
}
