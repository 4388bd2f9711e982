import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decide, isSettled, placedOrder } from './domain.ts'
import { expectedOf } from './expected.ts'
import type { Order } from './order.ts'
import { type Input, TABLE } from './state-table.ts'

const NOW = '2026-01-01T00:00:00.000Z'
const placed = (mode: Order['mode'], payment_token: string | null) =>
  placedOrder(
    {
      order_id: '01890000-0000-7000-8000-000000000001',
      customer_id: '01890000-0000-7000-8000-000000000002',
      mode,
      lines: [{ item_id: 'espresso-beans', name: 'Espresso beans', quantity: 1, unit_price_minor: 100 }],
      amount_minor: 100,
      currency: 'EUR',
      payment_token,
      deadline: '2026-01-01T00:02:00.000Z',
    },
    NOW,
  )
const NAMES = Object.keys(TABLE) as Input['name'][]
const ASKED: readonly Input['name'][] = [
  'all_tried',
  'stock_try_refused',
  'payment_try_refused',
  'try_unanswered',
  'deadline_passed',
  'customer_cancels',
  'customer_wants_refund',
]

function after(order: Order, name: Input['name']): Order {
  const verdict = decide(order, { kind: ASKED.includes(name) ? 'asked' : 'reported', name })
  return verdict.kind === 'change' ? verdict.next : order
}

const anyOrder = fc
  .tuple(
    fc.constantFrom<Order['mode']>('saga', 'two_phase'),
    fc.constantFrom('tok_approved', null),
    fc.array(fc.constantFrom(...NAMES), { maxLength: 12 }),
  )
  .map(([mode, token, inputs]) => inputs.reduce(after, placed(mode, token)))

describe('what an order waits for', () => {
  it('is nothing where it is settled, and something everywhere else', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        expect(expectedOf(order).length === 0).toBe(isSettled(order))
      }),
    )
  })

  it('are steps that move it, whatever it has been through, and after the last of them it is settled', () => {
    fc.assert(
      fc.property(anyOrder, (start) => {
        let order = start
        for (let steps = 0; !isSettled(order); steps++) {
          expect(steps).toBeLessThan(10)
          const names = expectedOf(order)
            .map(({ step }) => step)
            .filter((step) => step !== 'customer_pays')
          const next = after(order, names[0] as Input['name'])
          expect([names[0], next.version > order.version]).toEqual([names[0], true])
          order = next
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('has a time for what is due now, and none for what comes after it', () => {
    const steps = expectedOf(placed('saga', null)).map(({ step, service, since, deadline }) => [
      step,
      service,
      since !== null,
      deadline !== null,
    ])

    expect(steps).toEqual([
      ['stock_reserved', 'inventory', true, true],
      ['customer_pays', 'customer', false, false],
      ['payment_authorized', 'payment', false, false],
      ['stock_committed', 'inventory', false, false],
      ['payment_captured', 'payment', false, false],
    ])
  })
})
