import { expect, it } from '@jest/globals'
import type { Cart } from '@lepton/contracts/cart'
import type { Order } from '@lepton/contracts/order'
import type { Problem } from '@lepton/contracts/problems'
import { randomUUID } from 'node:crypto'
import { chargesOf, checkOut, client, leaveUnits, paymentOf, settled, unitsOf } from './world.ts'

export function buying(): void {
  it.concurrent(
    'sells a cart: the order completes, the money moves once, the units are committed',
    async () => {
      const shopper = await client.shopper()
      const before = await unitsOf('wool-blanket')
      await shopper.ask('POST', '/api/v1/cart', { body: { item_id: 'wool-blanket', quantity: 1 } })
      await shopper.ask('PUT', '/api/v1/cart/items/wool-blanket', { body: { quantity: 3 } })

      const accepted = await checkOut(shopper, [{ item_id: 'steel-bottle', quantity: 2 }])
      const order = await settled(shopper, accepted.body.order_id)

      expect(accepted.status).toBe(202)
      expect(accepted.headers['location']).toBe(`/api/v1/orders/${order.order_id}`)
      expect(order).toMatchObject({ status: 'COMPLETED', lines: [{ quantity: 3 }, { quantity: 2 }] })
      expect(await chargesOf(order.order_id)).toMatchObject([
        { state: 'CAPTURED', amount_minor: order.amount_minor },
      ])
      expect(await paymentOf(shopper, order.order_id)).toMatchObject({
        state: 'CAPTURED',
        amount_minor: order.amount_minor,
      })
      expect(await unitsOf('wool-blanket')).toEqual({
        ...before,
        available: before.available - 3,
        committed: before.committed + 3,
      })
      const { body: cart } = await shopper.ask<Cart>('GET', '/api/v1/cart')
      expect(cart.lines).toEqual([])
      const { body: history } = await shopper.ask<{ items: { type: string }[] }>(
        'GET',
        `/api/v1/orders/${order.order_id}/events`,
      )
      expect(history.items.at(0)?.type).toBe('order.placed.v1')
      expect(history.items.at(-1)?.type).toBe('order.completed.v1')
    },
  )

  it.concurrent('sells without a cart', async () => {
    const shopper = await client.shopper()

    const orderId = await shopper.place([{ item_id: 'desk-mat', quantity: 2 }])

    expect(await settled(shopper, orderId)).toMatchObject({ status: 'COMPLETED' })
    const { body } = await shopper.ask<{ items: Order[] }>('GET', '/api/v1/orders')
    expect(body.items.map(({ order_id }) => order_id)).toEqual([orderId])
  })

  it.concurrent('rejects an order whose card is declined, and gives the units back', async () => {
    const shopper = await client.shopper()
    const before = await unitsOf('oak-shelf')

    const orderId = await shopper.place([{ item_id: 'oak-shelf', quantity: 4 }], 'tok_declined')
    const order = await settled(shopper, orderId)

    expect(order).toMatchObject({ status: 'REJECTED', reason: 'DECLINED' })
    expect(await unitsOf('oak-shelf')).toEqual(before)
    expect(await chargesOf(orderId)).toMatchObject([{ state: 'DECLINED' }])
  })

  it.concurrent(
    'rejects what is out of stock as a whole, charges nothing, and restores the cart',
    async () => {
      const shopper = await client.shopper()
      await leaveUnits('plant-pot', 3)
      const [pots, clocks] = [await unitsOf('plant-pot'), await unitsOf('wall-clock')]
      const items = [
        { item_id: 'wall-clock', quantity: 1 },
        { item_id: 'plant-pot', quantity: 4 },
      ]

      const { body: accepted } = await checkOut(shopper, items)
      const order = await settled(shopper, accepted.order_id)
      const restored = await shopper.ask<Cart>('POST', '/api/v1/cart/restore', {
        key: randomUUID(),
        body: { order_id: order.order_id },
      })

      expect(order).toMatchObject({ status: 'REJECTED', reason: 'OUT_OF_STOCK' })
      expect([await unitsOf('plant-pot'), await unitsOf('wall-clock')]).toEqual([pots, clocks])
      expect(await chargesOf(order.order_id)).toEqual([])
      expect(restored.status).toBe(200)
      expect(restored.body.lines).toMatchObject(items)
    },
  )

  it.concurrent('knows every order from the moment it was accepted', async () => {
    const shoppers = await Promise.all(Array.from({ length: 10 }, () => client.shopper()))
    const answers = await Promise.all(
      shoppers.map(async (shopper) => {
        const { body } = await checkOut(shopper, [{ item_id: 'desk-mat', quantity: 1 }])
        const seen: number[] = []
        for (let polls = 0; polls < 20; polls++) {
          const path = `/api/v1/orders/${body.order_id}`
          seen.push((await shopper.ask<Order | Problem>('GET', path)).status)
        }
        await settled(shopper, body.order_id, ['COMPLETED'])
        return seen
      }),
    )

    expect(new Set(answers.flat())).toEqual(new Set([200]))
  })
}
