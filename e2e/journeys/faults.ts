import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import { until } from '@lepton/testing/until'
import { startLoad } from '../load.ts'
import { allCompleted, checkOut, client, pay, slugOf, target } from './world.ts'

const SHOPPERS = 4
const PAUSE_MS = 5_000

export function faults(): void {
  it('loses no request that can be repeated when instances are killed one after the other', async () => {
    await using load = await startLoad(client, SHOPPERS)

    for (const service of ['order', 'inventory', 'cart'] as const) {
      const [first] = await target.instances(service)
      await target.crash(first!)
    }

    const { failures, refusals, ...outcome } = await load.stop()
    expect({ failures, refusals }).toEqual({ failures: [], refusals: [] })
    expect(outcome.orders.length).toBeGreaterThan(10)
    await allCompleted(outcome)
  })

  it('loses no request when a service grows and shrinks', async () => {
    const before = await target.instances('order')
    await using load = await startLoad(client, SHOPPERS)

    await target.scale('order', 4)
    const grown = await target.instances('order')
    await target.scale('order', before.length)

    const { failures, refusals, ...outcome } = await load.stop()
    // Which ones are taken away is for what runs them to choose.
    expect([grown.length, (await target.instances('order')).length]).toEqual([4, before.length])
    expect({ failures, refusals }).toEqual({ failures: [], refusals: [] })
    await allCompleted(outcome)
  })

  it('finishes the orders in progress when their consumers are killed, and charges each once', async () => {
    const shopper = await client.shopper()
    const orderIds = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        shopper.place([{ item_id: 'desk-lamp', quantity: 1 + (index % 3) }]),
      ),
    )

    await Promise.all(
      (['inventory', 'payment', 'order'] as const).map(async (service) => {
        for (const instance of await target.instances(service)) await target.crash(instance)
      }),
    )

    await allCompleted({ orders: orderIds.map((orderId) => ({ shopper, orderId })) })
  })

  it('goes on beside an instance that is paused, and finishes what that one had begun', async () => {
    const [instance] = await target.instances('order')
    await using load = await startLoad(client, SHOPPERS)

    await target.pause(instance!)
    await delay(PAUSE_MS)
    await target.resume(instance!)

    const { failures, refusals, ...outcome } = await load.stop()
    expect({ failures, refusals }).toEqual({ failures: [], refusals: [] })
    await allCompleted(outcome)
  })

  it('accepts orders while Kafka is paused, and answers for them as submitted', async () => {
    const shopper = await client.shopper()
    await target.pause('kafka')
    const { body, status } = await checkOut(shopper, [{ item_id: 'desk-mat', quantity: 1 }])
    const path = `/api/v1/orders/${body.order_id}`
    const order = await shopper.order(body.order_id)
    const cancelled = await shopper.ask<Problem>('POST', `${path}/cancel`)
    const paid = await pay(shopper, body.order_id)
    const events = await shopper.ask('GET', `${path}/events`)
    await target.resume('kafka')

    expect([status, order.status]).toEqual([202, 'SUBMITTED'])
    expect([cancelled.status, slugOf(cancelled), cancelled.headers['retry-after']]).toEqual([
      409,
      'order-not-ready',
      '1',
    ])
    expect([paid.status, slugOf(paid)]).toEqual([409, 'order-not-ready'])
    expect(events.body).toEqual({ items: [] })
    await allCompleted({ orders: [{ shopper, orderId: body.order_id }] })
  })

  it('notices nothing when Consul is killed', async () => {
    await using load = await startLoad(client, SHOPPERS)

    await target.crashServer('consul')

    const { failures, refusals, ...outcome } = await load.stop()
    expect({ failures, refusals }).toEqual({ failures: [], refusals: [] })
    await allCompleted(outcome)
    const [instance] = await target.instances('cart')
    await target.crash(instance!)
  })

  it('accepts orders while Kafka is killed, and finishes them afterwards', async () => {
    await using load = await startLoad(client, SHOPPERS)

    await target.crashServer('kafka')

    const { failures, refusals, ...outcome } = await load.stop()
    expect({ failures, refusals }).toEqual({ failures: [], refusals: [] })
    await allCompleted(outcome)
  })

  it('says so while PostgreSQL is killed, and keeps its word afterwards', async () => {
    await using load = await startLoad(client, SHOPPERS)

    await target.crashServer('postgres')

    const shopper = await client.shopper()
    await until('an order is accepted again', () => shopper.place([{ item_id: 'desk-mat', quantity: 1 }]))
    const { failures, refusals, ...outcome } = await load.stop()
    // A cart that could not be filled is empty at its checkout.
    expect(refusals.filter((answer) => !answer.includes('/problems/cart-empty'))).toEqual([])
    expect(failures.filter((answer) => !answer.includes('/problems/unavailable'))).toEqual([])
    await allCompleted(outcome)
  })
}
