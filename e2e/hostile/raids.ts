import { randomUUID } from 'node:crypto'
import type { Order } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Shopper } from '@lepton/testing/shop-client'
import { exchange } from './exchange.ts'

/** What one guest does to the whole shop, or tried to. */
export interface Raid {
  what: string
  finding: string
  run(attacker: Shopper, gateway: string): Promise<unknown>
}

const ORDERS = '/api/v1/orders'
const slowCard = { payment_token: 'tok_slow' }
const many = (times: number, ask: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: times }, (_, index) => ask(index)))

function place(attacker: Shopper, item_id: string, quantity: number, body: object) {
  return attacker.ask<{ order_id: string }>('POST', ORDERS, {
    key: randomUUID(),
    body: { lines: [{ item_id, quantity }], ...body },
  })
}

export const RAIDS: readonly Raid[] = [
  {
    what: '21 requests in a hurry, of each kind',
    finding: '1',
    run: async (attacker) => {
      const headers = { 'lepton-deadline-ms': '16', 'lepton-attempt': '9' }
      await many(21, () => attacker.ask('GET', ORDERS, { headers }))
      await many(21, () =>
        attacker.ask('POST', '/api/v1/cart', { headers, body: { item_id: 'desk-mat', quantity: 1 } }),
      )
      await many(21, () =>
        attacker.ask('POST', ORDERS, {
          headers,
          key: randomUUID(),
          body: { lines: [{ item_id: 'no-such-thing', quantity: 1 }] },
        }),
      )
    },
  },
  {
    what: '100 pipelined requests for metrics',
    finding: '2',
    run: (_attacker, gateway) => {
      const one = (headers: string) => `GET /metrics HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
      return exchange(gateway, one('').repeat(99) + one('Connection: close\r\n'))
    },
  },
  {
    what: '64 orders in two phases with a slow card',
    finding: '3',
    run: (attacker) => many(64, () => place(attacker, 'wall-clock', 1, { ...slowCard, mode: 'two_phase' })),
  },
  {
    what: '20 payments of an order by its id in capitals',
    finding: '4',
    run: async (attacker) => {
      const { body } = await place(attacker, 'espresso-cups', 1, {})
      const order_id = body.order_id.toUpperCase()
      await many(20, () =>
        attacker.ask('POST', '/api/v1/payments', {
          key: randomUUID(),
          body: { order_id, payment_token: 'tok_approved' },
        }),
      )
    },
  },
  {
    what: '220 orders with a slow card',
    finding: '5',
    run: (attacker) => many(220, () => place(attacker, 'wall-clock', 1, slowCard)),
  },
  {
    what: 'units held without a card, in 20 orders',
    finding: '6',
    run: (attacker) => many(20, () => place(attacker, 'desk-mat', 200, {})),
  },
]

/** Leaves the shop as it was: an attacker's own orders, cancelled as far as they can be. */
export async function giveUp(attacker: Shopper): Promise<void> {
  for (let cursor = ''; ;) {
    const { body } = await attacker.ask<{ items: Order[]; next_cursor: string | null }>(
      'GET',
      `${ORDERS}?limit=100${cursor}`,
    )
    const open = body.items.filter(({ status }) => !FINAL_STATUSES.includes(status))
    await Promise.all(open.map(({ order_id }) => attacker.ask('POST', `${ORDERS}/${order_id}/cancel`)))
    if (body.next_cursor === null) return
    cursor = `&cursor=${body.next_cursor}`
  }
}
