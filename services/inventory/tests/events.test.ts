import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { amountOf, type Line } from '@lepton/contracts/fields'
import { OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatusRequested } from '@lepton/contracts/order'
import { eventRecord, eventsOf, line, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { startOverdueQuestions } from '../src/timers.ts'
import { useInventoryService } from './inventory-service.ts'

const shop = useInventoryService()

const placed = (order_id: string, lines: Line[], sequence = 1, rest: object = {}) =>
  eventRecord(
    OrderPlaced,
    order_id,
    sequence,
    placement(order_id, { lines, amount_minor: amountOf(lines), ...rest }),
  )
const confirmed = (order_id: string, sequence = 2) =>
  eventRecord(OrderConfirmed, order_id, sequence, { order_id, mode: 'saga' })
const cancelled = (order_id: string, sequence = 2) =>
  eventRecord(OrderCancelled, order_id, sequence, { order_id, mode: 'saga', reason: 'CUSTOMER' })

async function send(...records: ReturnType<typeof placed>[]): Promise<void> {
  await shop.broker.send(records)
  await shop.settle()
}

async function published(order_id: string) {
  await shop.settle()
  return eventsOf(shop.broker.records('inventory.v1'), order_id)
}

async function publishedTypes(order_id: string): Promise<string[]> {
  return (await published(order_id)).map(({ type }) => type)
}

describe('an order that was placed', () => {
  it('holds all its units, once', async () => {
    await shop.product('beans', 5)
    await shop.product('pot', 5)
    const order_id = newId()
    const record = placed(order_id, [line('beans', 2), line('pot', 3)])

    await send(record)
    await send(record)

    expect(await shop.stock('beans')).toEqual({ available: 3, held: 2, committed: 0, received: 5 })
    expect(await shop.stock('pot')).toEqual({ available: 2, held: 3, committed: 0, received: 5 })
    expect(await publishedTypes(order_id)).toEqual(['inventory.stock_reserved.v1'])
    expect(await shop.isReconciled()).toBe(true)
  })

  it('holds nothing when one line is short, and says which', async () => {
    await shop.product('plenty', 10)
    await shop.product('scarce', 1)
    const order_id = newId()

    await send(placed(order_id, [line('plenty', 2), line('scarce', 2), line('no-such-thing', 1)]))

    expect(await shop.stock('plenty')).toMatchObject({ available: 10, held: 0 })
    expect(await published(order_id)).toMatchObject([
      {
        type: 'inventory.stock_rejected.v1',
        data: {
          shortages: [
            { product_id: 'scarce', requested: 2, available: 1 },
            { product_id: 'no-such-thing', requested: 1, available: 0 },
          ],
        },
      },
    ])
  })

  it('never sells a unit twice, however many orders race for the last ones', async () => {
    await shop.product('last', 5)
    const orders = Array.from({ length: 40 }, () => newId())

    await Promise.all(orders.map((order_id) => shop.broker.send([placed(order_id, [line('last', 1)])])))
    await shop.settle()

    expect(await shop.stock('last')).toEqual({ available: 0, held: 5, committed: 0, received: 5 })
    const answers = await Promise.all(orders.map(publishedTypes))
    expect(answers.filter(([type]) => type === 'inventory.stock_reserved.v1')).toHaveLength(5)
    expect(answers.every((types) => types.length === 1)).toBe(true)
  })

  it('locks stock in one order, so that orders with crossed lines do not stop each other', async () => {
    await shop.product('left', 500)
    await shop.product('right', 500)
    const crossed = Array.from({ length: 30 }, (_, index) =>
      placed(newId(), index % 2 ? [line('left', 1), line('right', 1)] : [line('right', 1), line('left', 1)]),
    )

    await Promise.all(crossed.map((record) => shop.broker.send([record])))
    await shop.settle()

    expect(await shop.stock('left')).toMatchObject({ held: 30 })
    expect(await shop.stock('right')).toMatchObject({ held: 30 })
  })
})

describe('a decision', () => {
  it('commits the units that are held', async () => {
    await shop.product('kept', 4)
    const order_id = newId()

    await send(placed(order_id, [line('kept', 3)]), confirmed(order_id))

    expect(await shop.stock('kept')).toEqual({ available: 1, held: 0, committed: 3, received: 4 })
    expect(await publishedTypes(order_id)).toEqual([
      'inventory.stock_reserved.v1',
      'inventory.stock_committed.v1',
    ])
  })

  it('releases the units of a cancelled order', async () => {
    await shop.product('freed', 4)
    const order_id = newId()

    await send(placed(order_id, [line('freed', 3)]), cancelled(order_id))

    expect(await shop.stock('freed')).toEqual({ available: 4, held: 0, committed: 0, received: 4 })
    expect(await publishedTypes(order_id)).toEqual([
      'inventory.stock_reserved.v1',
      'inventory.stock_released.v1',
    ])
  })

  it('restocks the units of an order that is given back', async () => {
    await shop.product('returned', 4)
    const order_id = newId()

    await send(placed(order_id, [line('returned', 3)]), confirmed(order_id), cancelled(order_id, 3))

    expect(await shop.stock('returned')).toEqual({ available: 4, held: 0, committed: 0, received: 4 })
    expect((await publishedTypes(order_id)).at(-1)).toBe('inventory.stock_restocked.v1')
    expect(await shop.isReconciled()).toBe(true)
  })

  it('to cancel that comes before the order leaves a tombstone: nothing is ever held', async () => {
    await shop.product('never', 4)
    const order_id = newId()

    await send(cancelled(order_id, 1), placed(order_id, [line('never', 3)], 2))

    expect(await shop.stock('never')).toMatchObject({ available: 4, held: 0 })
    expect(await publishedTypes(order_id)).toEqual(['inventory.stock_released.v1'])
  })

  it('that comes before its time waits for the order', async () => {
    await shop.product('early', 4)
    const order_id = newId()

    await send(confirmed(order_id))
    expect(await publishedTypes(order_id)).toEqual([])
    await send(placed(order_id, [line('early', 1)]))

    await until('the decision is applied', async () => (await shop.stock('early')).committed === 1)
    expect(shop.anomalies()).toBe(0)
  })

  it('to confirm what is not held is an anomaly that changes nothing', async () => {
    await shop.product('short', 0)
    const order_id = newId()

    await send(placed(order_id, [line('short', 1)]), confirmed(order_id))

    expect(shop.anomalies()).toBe(1)
    expect(await shop.stock('short')).toEqual({ available: 0, held: 0, committed: 0, received: 0 })
  })
})

describe('a question', () => {
  it('about an order is answered with where its reservation stands, also for a tombstone', async () => {
    await shop.product('asked', 4)
    const held = newId()
    const unknown = newId()
    const ask = (order_id: string, sequence: number) =>
      eventRecord(OrderStatusRequested, order_id, sequence, { order_id })

    await send(placed(held, [line('asked', 1)]), ask(held, 2))
    await send(ask(unknown, 1))

    expect((await published(held)).at(-1)).toMatchObject({ sequence: 2, data: { state: 'HELD' } })
    expect((await published(unknown)).at(-1)).toMatchObject({
      type: 'inventory.stock_status.v1',
      data: { state: 'NONE' },
    })
  })

  it('is asked about a hold that outlived its order’s deadline; the units stay held', async () => {
    await shop.product('overdue', 2)
    const order_id = newId()
    await send(placed(order_id, [line('overdue', 2)]))
    await shop.database.query(
      `update reservation set hold_until = now() - interval '1 second' where order_id = $1`,
      [order_id],
    )

    const timer = startOverdueQuestions(shop.deps)
    await until('the question is asked', async () => (await publishedTypes(order_id)).length === 2)
    await timer.stop()

    expect(await publishedTypes(order_id)).toEqual([
      'inventory.stock_reserved.v1',
      'inventory.reservation_overdue.v1',
    ])
    expect(await shop.stock('overdue')).toMatchObject({ available: 0, held: 2 })
  })
})
