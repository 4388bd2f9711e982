import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { getCheckout } from '@lepton/contracts/cart-routes'
import { line } from '@lepton/testing/builders'
import { openEvents } from '@lepton/testing/events'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { createWatchers, type Watchers } from '../src/watchers.ts'
import { checkedOut, useOrderService } from './order-service.ts'

const shop = useOrderService()
beforeEach(() => shop.ordinaryDay())

const open = ({ token }: Person, orderId: string, lastId?: string) =>
  openEvents(`${shop.people.url}/orders/${orderId}/stream`, {
    authorization: `Bearer ${token}`,
    ...(lastId !== undefined && { 'last-event-id': lastId }),
  })

/** As payment and inventory would settle it: what matters here is that the rows change. */
async function settle(orderId: string): Promise<void> {
  await shop.database.query(
    `update order_stream set status = 'CANCELLED', version = version + 1 where order_id = $1`,
    [orderId],
  )
}

describe('an order as a stream', () => {
  it('is the order now, then each change that is committed here, and ends when it is settled', async () => {
    const alice = await shop.people.customer()
    const orderId = await shop.place(alice, { payment_token: undefined })
    const events = await open(alice, orderId)
    expect(await events.next()).toMatchObject({
      event: 'order',
      id: '1',
      data: { order_id: orderId, status: 'PLACED', stock: 'pending', pay: 'pending' },
    })

    await alice.post(`/orders/${orderId}/cancel`)
    const cancelling = await events.next()
    expect(cancelling).toMatchObject({ data: { status: 'CANCELLING', reason: 'CUSTOMER' } })

    await settle(orderId)
    shop.deps.watchers.changed([orderId])
    const [last, bye] = await events.rest()
    expect(last!.data).toEqual(await shop.order(alice, orderId))
    expect(bye).toEqual({ event: 'bye', data: { because: 'ended' } })
  })

  it('belongs to its customer alone', async () => {
    const [alice, bob] = [await shop.people.customer(), await shop.people.customer()]
    const orderId = await shop.place(alice)

    const [foreign, none] = [await open(bob, orderId), await open(bob, newId())]

    expect([foreign.status, none.status]).toEqual([404, 404])
    expect(JSON.parse(foreign.text)).toMatchObject({ detail: 'You have no such order.' })
  })

  it('sends nothing twice to a client that comes back, and keeps it away once the order is settled', async () => {
    const alice = await shop.people.customer()
    const orderId = await shop.place(alice)
    const again = await open(alice, orderId, '1')
    await alice.post(`/orders/${orderId}/cancel`)
    const next = await again.next()
    expect(Number(next?.id)).toBeGreaterThan(1)
    again.close()

    await settle(orderId)
    const { version } = (
      await shop.database.query<{ version: number }>('select version from order_stream where order_id = $1', [
        orderId,
      ])
    ).rows[0]!
    expect((await open(alice, orderId, String(version))).status).toBe(204)
    expect((await open(alice, orderId, 'nonsense')).status).toBe(200)
  })

  it('begins with the checkout, where the order is not placed yet', async () => {
    const alice = await shop.people.customer()
    const { order_id, record } = checkedOut(alice.id)
    const submitted = {
      order_id,
      status: 'SUBMITTED',
      mode: 'saga',
      lines: [line()],
      amount_minor: 1_000,
      currency: 'EUR',
    }
    shop.mesh.answer(getCheckout, () => ({
      status: 200,
      body: { ...submitted, created_at: new Date().toISOString() },
    }))
    const events = await open(alice, order_id)
    expect(await events.next()).toMatchObject({ data: { status: 'SUBMITTED' } })

    await shop.broker.send([record])

    expect(await events.next()).toMatchObject({ id: '1', data: { status: 'PLACED' } })
    events.close()
  })
})

describe('watchers', () => {
  let other: Watchers
  beforeAll(() => {
    other = createWatchers(shop.database, silentLog)
  })
  afterAll(() => other.stop())

  it('of another instance are woken through the database', async () => {
    const alice = await shop.people.customer()
    const orderId = await shop.place(alice)
    const watch = other.watch(orderId, new AbortController().signal)
    // It looks once more by itself, shortly after it began.
    await watch.next(1_000)
    // The connection to listen on may not be there yet.
    await until('the other instance hears of changes', async () => {
      shop.deps.watchers.changed([orderId])
      const before = performance.now()
      await watch.next(500)
      return performance.now() - before < 400
    })
    watch.close()
  })

  it('send other instances only what is watched there', async () => {
    const alice = await shop.people.customer()
    const [watched, unwatched] = [await shop.place(alice), await shop.place(alice)]
    const words: string[] = []
    const listener = await shop.database.connect('listener')
    listener.on('notification', ({ payload = '' }) => words.push(...payload.split(',')))
    await listener.query('listen lepton_orders')
    const watch = other.watch(watched, new AbortController().signal)

    await until('the change of what is watched', () => {
      shop.deps.watchers.changed([unwatched])
      shop.deps.watchers.changed([watched])
      return words.includes(watched)
    })

    expect(words).not.toContain(unwatched)
    watch.close()
    await listener.end()
  })

  it('are woken by what came between two looks, and by an end', async () => {
    const leaving = new AbortController()
    const watch = other.watch('an-order', leaving.signal)
    other.changed(['an-order'])
    await watch.next(60_000)

    setImmediate(() => leaving.abort())
    await watch.next(60_000)
    watch.close()
  })
})
