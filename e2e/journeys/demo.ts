import { expect, it } from '@jest/globals'
import type { Order } from '@lepton/contracts/order'
import { until } from '@lepton/testing/until'
import { client, uniqueName } from './world.ts'

interface OrderAnswer {
  order_id: string
  order: Order
}

export function demo(): void {
  it.concurrent('answers the simplest requests as the README has them', async () => {
    const order_id = uniqueName('lunch')

    const cart = await client.ask<{ lines: unknown[] }>('POST', '/cart', {
      body: { item_id: 'espresso-cups', quantity: 1 },
    })
    const placed = await client.ask<OrderAnswer>('POST', '/order', { body: { order_id } })
    const repeated = await client.ask<OrderAnswer>('POST', '/order', { body: { order_id } })
    const found = await client.ask<OrderAnswer>('GET', `/order/${order_id}`)
    await until('the payment is taken', async () => {
      return (await client.ask('POST', '/payment', { body: { order_id } })).status === 202
    })
    const stock = await client.ask('POST', '/stock', { body: { product_id: 'desk-lamp', quantity: 10 } })

    expect([cart.status, placed.status, repeated.status, found.status, stock.status]).toEqual([
      200, 202, 202, 200, 200,
    ])
    expect(repeated.body.order_id).toBe(placed.body.order_id)
    expect(found.body.order_id).toBe(placed.body.order_id)
    await until('the order is COMPLETED', async () => {
      const { body } = await client.ask<OrderAnswer>('GET', `/order/${order_id}`)
      return body.order.status === 'COMPLETED'
    })
  })

  it.concurrent('describes itself: the API document, its page, the problems, the public keys', async () => {
    const paths = [
      '/api/openapi.json',
      '/api/docs/',
      '/problems',
      '/problems/unavailable',
      '/.well-known/jwks.json',
    ]
    const answers = await Promise.all(paths.map((path) => client.ask('GET', path)))

    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200))
  })
}
