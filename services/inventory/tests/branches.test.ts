import { describe, expect, it } from '@jest/globals'
import { startBarrierSweep } from '@lepton/events/tcc/barrier-rows'
import { newId } from '@lepton/common/runtime/id'
import type { Problem } from '@lepton/contracts/problems'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import { eventRecord, eventsOf, line, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import type { IncomingEvent } from '@lepton/events/event'
import { onPlaced } from '../src/domain.ts'
import { inventorySubscriptions } from '../src/events.ts'
import { holdUntil } from '../src/hold.ts'
import { lockReservations } from '../src/reservations.ts'
import { useInventoryService } from './inventory-service.ts'

const shop = useInventoryService()
const deadline = new Date(Date.now() + 8_000).toISOString()

async function ask(phase: 'try' | 'confirm' | 'cancel', order_id: string, lines: object[] = []) {
  const order = await shop.people.peer('order', `${phase}_stock`)
  return order.put<{ state: string } & Problem>(
    `/branches/stock/${order_id}/${phase}`,
    phase === 'try' ? { lines, deadline } : undefined,
  )
}

const wants = (item_id: string, quantity = 1) => [{ item_id, quantity }]

async function toldTypes(order_id: string): Promise<string[]> {
  await shop.settle()
  return eventsOf(shop.broker.records('inventory.v1'), order_id).map(({ type }) => type)
}

async function barrierOf(order_id: string) {
  const { rows } = await shop.database.query<{ state: string; cause: string | null }>(
    'select state, cause from tcc_barrier where gid = $1',
    [order_id],
  )
  return rows[0]
}

/** How many transactions wait for a row. */
async function waiting(): Promise<number> {
  const { rows } = await shop.database.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows.length
}

const held = (state: string) => ({ status: 200, body: { state } })
const SETTLED = { status: 409, body: { type: '/problems/branch-settled' } }
const confirmed = (order_id: string, sequence: number) =>
  eventRecord(OrderConfirmed, order_id, sequence, { order_id, mode: 'two_phase' })
const cancelled = (order_id: string, sequence: number) =>
  eventRecord(OrderCancelled, order_id, sequence, { order_id, mode: 'two_phase', reason: 'EXPIRED' })

async function send(record: ReturnType<typeof confirmed>): Promise<void> {
  await shop.broker.send([record])
  await shop.settle()
}

describe('a try', () => {
  it('holds all units of its lines, once, and tells it', async () => {
    await shop.product('tried', 5)
    await shop.product('tried-too', 5)
    const id = newId()
    const lines = [...wants('tried-too', 3), ...wants('tried', 2)]

    expect(await ask('try', id, lines)).toMatchObject(held('HELD'))
    expect(await ask('try', id, lines)).toMatchObject(held('HELD'))

    expect(await shop.stock('tried')).toEqual({ available: 3, held: 2, committed: 0, received: 5 })
    expect(await shop.stock('tried-too')).toMatchObject({ available: 2, held: 3 })
    expect(await toldTypes(id)).toEqual(['inventory.stock_reserved.v1'])
    expect(await barrierOf(id)).toEqual({ state: 'TRIED', cause: null })
  })

  it('holds nothing when one line is short, and a cancellation finds nothing to undo', async () => {
    await shop.product('some', 5)
    await shop.product('none', 0)
    const id = newId()

    expect(await ask('try', id, [...wants('some'), ...wants('none')])).toMatchObject(held('REJECTED'))
    expect(await ask('cancel', id)).toMatchObject(held('REJECTED'))

    expect(await shop.stock('some')).toMatchObject({ available: 5, held: 0 })
    expect(await toldTypes(id)).toEqual(['inventory.stock_rejected.v1'])
  })

  it('never holds a unit twice, however many come at once, sagas among them', async () => {
    await shop.product('rare', 6)
    const ids = Array.from({ length: 40 }, () => newId())

    const answers = await Promise.all(ids.map((id) => ask('try', id, wants('rare'))))
    const saga = newId()
    await send(eventRecord(OrderPlaced, saga, 1, placement(saga, { lines: [line('rare')] })))

    expect(answers.filter(({ body }) => body.state === 'HELD')).toHaveLength(6)
    expect(answers.filter(({ body }) => body.state === 'REJECTED')).toHaveLength(34)
    expect(await shop.stock('rare')).toEqual({ available: 0, held: 6, committed: 0, received: 6 })
    expect(await toldTypes(saga)).toEqual(['inventory.stock_rejected.v1'])
    expect(await shop.isReconciled()).toBe(true)
  })

  it('with crossed lines stops no other', async () => {
    await shop.product('first', 100)
    await shop.product('second', 100)
    const crossed = (index: number) => {
      const lines = [...wants('first'), ...wants('second')]
      return index % 2 ? lines : lines.toReversed()
    }

    await Promise.all(Array.from({ length: 30 }, (_, index) => ask('try', newId(), crossed(index))))

    expect(await shop.stock('first')).toMatchObject({ held: 30 })
    expect(await shop.stock('second')).toMatchObject({ held: 30 })
  })

  it('has its stock locked in one order with that of sagas, whose events come beside its own', async () => {
    await shop.product('alpha', 5)
    await shop.product('omega', 5)
    const two = newId()
    await ask('try', two, wants('alpha'))
    const placed = (key: string, item: string, mode: 'saga' | 'two_phase'): IncomingEvent => ({
      event_id: newId(),
      type: OrderPlaced.type,
      topic: 'order.v1',
      key,
      sequence: 1,
      data: placement(key, { lines: [line(item)], mode }),
      traceparent: undefined,
    })
    const [subscription] = inventorySubscriptions(shop.deps)

    let loaded: Promise<unknown> | undefined
    await shop.database.inTransaction(async (tx) => {
      await tx.query(`select from stock where product_id = 'alpha' for no key update`)
      loaded = shop.database.inTransaction((other) =>
        subscription!.load(other, [placed(newId(), 'omega', 'saga'), placed(two, 'alpha', 'two_phase')]),
      )
      await until('it waits for the first', async () => (await waiting()) > 0)
      // Had it the second already, one who has the first could wait for that.
      await tx.query(`select from stock where product_id = 'omega' for no key update nowait`)
    })
    await loaded
  })

  it('waits for its coordinator: the event of the order alone holds nothing', async () => {
    await shop.product('asked-for', 5)
    const id = newId()
    const lines = [line('asked-for', 2)]

    await send(eventRecord(OrderPlaced, id, 1, placement(id, { lines, mode: 'two_phase' })))
    expect(await shop.stock('asked-for')).toMatchObject({ held: 0 })

    expect(await ask('try', id, wants('asked-for', 2))).toMatchObject(held('HELD'))
    await send(confirmed(id, 2))
    expect(await shop.stock('asked-for')).toMatchObject({ held: 0, committed: 2 })
  })
})

describe('a try that comes after its cancellation', () => {
  it('is refused, again and again, and holds nothing', async () => {
    await shop.product('late', 5)
    const id = newId()

    expect(await ask('cancel', id)).toMatchObject(held('RELEASED'))
    expect(await barrierOf(id)).toEqual({ state: 'CANCELLED', cause: 'empty' })
    expect(await ask('try', id, wants('late'))).toMatchObject(SETTLED)
    expect(await ask('try', id, wants('late'))).toMatchObject(SETTLED)
    expect(await ask('cancel', id)).toMatchObject(held('RELEASED'))

    expect(await shop.stock('late')).toMatchObject({ available: 5, held: 0 })
    expect(await toldTypes(id)).toEqual(['inventory.stock_released.v1'])
  })

  it('is refused also when the cancellation was an event', async () => {
    await shop.product('published', 5)
    const id = newId()

    await send(cancelled(id, 1))
    expect(await ask('try', id, wants('published'))).toMatchObject(SETTLED)
    expect(await barrierOf(id)).toMatchObject({ state: 'CANCELLED' })
    expect(await ask('cancel', id)).toMatchObject(held('RELEASED'))

    expect(await shop.stock('published')).toMatchObject({ available: 5, held: 0 })
    expect(shop.anomalies()).toBe(0)
  })

  it('and has not committed when that comes is undone by it, with its units', async () => {
    await shop.product('uncommitted', 5)
    const id = newId()
    const commit = Promise.withResolvers<void>()
    const isHeld = Promise.withResolvers<void>()
    const trying = shop.database.inTransaction(async (tx) => {
      const changes = await lockReservations(tx, [id], ['uncommitted'], true)
      const items = [{ product_id: 'uncommitted', quantity: 2 }]
      changes.want(id, items, holdUntil(deadline))
      changes.carryOut(
        id,
        onPlaced('NONE', items, (product) => changes.availableOf(product)),
        undefined,
      )
      changes.store(tx, shop.deps.outbox)
      await tx.query('select 1')
      isHeld.resolve()
      await commit.promise
    })
    await isHeld.promise

    await shop.broker.send([cancelled(id, 1)])
    await until('the event waits for the row', async () => (await waiting()) > 0)
    commit.resolve()
    await trying
    await shop.settle()

    expect(await shop.stock('uncommitted')).toMatchObject({ available: 5, held: 0 })
  })

  it('is refused also when both are carried out in one transaction', async () => {
    await shop.product('together', 5)
    const ids = Array.from({ length: 20 }, () => newId())

    await Promise.all(ids.flatMap((id) => [ask('cancel', id), ask('try', id, wants('together'))]))
    await Promise.all(ids.map((id) => ask('cancel', id)))

    expect(await shop.stock('together')).toMatchObject({ available: 5, held: 0 })
    expect(await shop.isReconciled()).toBe(true)
  })
})

describe('a decision', () => {
  it('to confirm commits once, however often it comes, as a request or as an event', async () => {
    await shop.product('bought', 5)
    const [first, second] = [newId(), newId()]
    for (const id of [first, second]) await ask('try', id, wants('bought'))

    expect(await ask('confirm', first)).toMatchObject(held('COMMITTED'))
    expect(await ask('confirm', first)).toMatchObject(held('COMMITTED'))
    await send(confirmed(first, 1))
    await send(confirmed(second, 1))
    expect(await ask('confirm', second)).toMatchObject(held('COMMITTED'))

    expect(await shop.stock('bought')).toEqual({ available: 3, held: 0, committed: 2, received: 5 })
    for (const id of [first, second]) {
      expect(await toldTypes(id)).toEqual(['inventory.stock_reserved.v1', 'inventory.stock_committed.v1'])
    }
  })

  it('to cancel gives the units back once, and then the event finds it done', async () => {
    await shop.product('given-back', 5)
    const id = newId()
    await ask('try', id, wants('given-back', 2))

    expect(await ask('cancel', id)).toMatchObject(held('RELEASED'))
    expect(await ask('cancel', id)).toMatchObject(held('RELEASED'))
    await send(cancelled(id, 1))

    expect(await shop.stock('given-back')).toMatchObject({ available: 5, held: 0 })
    expect(await toldTypes(id)).toEqual(['inventory.stock_reserved.v1', 'inventory.stock_released.v1'])
  })

  it('to confirm after units came back by a refund is an answer, not a fault', async () => {
    await shop.product('refunded', 5)
    const id = newId()
    await ask('try', id, wants('refunded'))
    await send(confirmed(id, 1))
    await send(cancelled(id, 2))

    expect(await ask('confirm', id)).toMatchObject(held('RESTOCKED'))
    expect(await shop.stock('refunded')).toMatchObject({ available: 5, committed: 0 })
  })

  it.each([
    ['to confirm what was not tried', [], 'confirm'],
    ['to confirm what was cancelled', ['try', 'cancel'], 'confirm'],
    ['to cancel what was confirmed', ['try', 'confirm'], 'cancel'],
  ] as const)('%s is refused, changes nothing and is counted', async (name, before, phase) => {
    const product = await shop.product(name.replaceAll(' ', '-'), 5)
    const id = newId()
    for (const step of before) await ask(step, id, wants(product))
    const [stock, anomalies] = [await shop.stock(product), shop.anomalies()]

    expect(await ask(phase, id)).toMatchObject(SETTLED)

    expect(await shop.stock(product)).toEqual(stock)
    expect(shop.anomalies()).toBe(anomalies + 1)
  })
})

describe('customers', () => {
  it('may ask nothing of a branch', async () => {
    const alice = await shop.people.customer()
    for (const phase of ['try', 'confirm', 'cancel']) {
      expect((await alice.put(`/branches/stock/${newId()}/${phase}`, {})).status).toBe(403)
    }
  })
})

it('forgets a barrier after 35 days, and none before', async () => {
  const [old, young] = [newId(), newId()]
  for (const id of [old, young]) await ask('cancel', id)
  await shop.database.query(
    `update tcc_barrier set at = now() - case when gid = $1 then interval '36 days' else interval '34 days' end
     where gid in ($1, $2)`,
    [old, young],
  )

  const sweep = startBarrierSweep(shop.database, shop.deps.log)
  await until('the old one is gone', async () => (await barrierOf(old)) === undefined)
  await sweep.stop()

  expect(await barrierOf(young)).toBeDefined()
})
