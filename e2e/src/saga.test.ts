import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as inventory from '../../services/inventory/src/domain.ts'
import * as order from '../../services/order/src/domain.ts'
import type { Order } from '../../services/order/src/order.ts'
import type { Input } from '../../services/order/src/state-table.ts'
import * as payment from '../../services/payment/src/domain.ts'
import type { ReservationState } from '@lepton/contracts/inventory'

// The deciders of three services without their I/O. Queues keep the order of a key, as topics do; how
// they interleave, what is told twice and when people and clocks interfere is chosen by fast-check.

type Card = 'approved' | 'declined' | 'capture fails'
type Act = 'customer_cancels' | 'customer_wants_refund' | 'deadline_passed' | 'reservation_overdue' | 'pays'

interface Saga {
  id: string
  quantity: number
  card: Card
  order: Order
  reservation: ReservationState
  payment: payment.Payment
  /** What the processor did. */
  charged: payment.Operation[]
  queues: Record<
    'order>inventory' | 'order>payment' | 'inventory>order' | 'inventory>payment' | 'payment>order' | 'psp',
    string[]
  >
  acts: Act[]
}

interface World {
  stock: inventory.Stock
  sagas: Saga[]
  anomalies: string[]
}

const UNITS = 5

function createWorld(plans: { quantity: number; card: Card; paysLater: boolean; acts: Act[] }[]): World {
  const stock = { product_id: 'beans', available: UNITS, held: 0, committed: 0, received: UNITS }
  return { stock, anomalies: [], sagas: plans.map((plan, index) => begin(`order-${index}`, plan)) }
}

function begin(
  id: string,
  { quantity, card, paysLater, acts }: { quantity: number; card: Card; paysLater: boolean; acts: Act[] },
): Saga {
  const placement = {
    order_id: id,
    customer_id: 'customer',
    mode: 'saga' as const,
    lines: [{ item_id: 'beans', name: 'Beans', quantity, unit_price_minor: 100 }],
    amount_minor: quantity * 100,
    currency: 'EUR' as const,
    payment_token: paysLater ? null : 'tok_approved',
    deadline: '2026-01-01T00:02:00.000Z',
  }
  return {
    id,
    quantity,
    card,
    order: order.placedOrder(placement, '2026-01-01T00:00:00.000Z'),
    reservation: 'NONE',
    payment: {
      order_id: id,
      customer_id: null,
      state: 'NONE',
      amount_minor: null,
      currency: null,
      payment_token: null,
      has_intent: false,
      has_stock: false,
      cancelled: false,
      charge_id: null,
      decline_reason: null,
      pub_seq: 0,
      last_order_seq: 0,
      last_inv_seq: 0,
      updated_at: '',
    },
    charged: [],
    queues: {
      'order>inventory': ['placed'],
      'order>payment': ['placed'],
      'inventory>order': [],
      'inventory>payment': [],
      'payment>order': [],
      psp: [],
    },
    acts: [...(paysLater ? (['pays'] as const) : []), ...acts],
  }
}

function orderMeets(world: World, saga: Saga, input: Input): void {
  const verdict = order.decide(saga.order, input)
  const tell = (what: string) => {
    saga.queues['order>inventory'].push(what)
    saga.queues['order>payment'].push(what)
  }
  if (verdict.kind === 'anomaly')
    world.anomalies.push(`order ${input.name} on ${saga.order.decision} ${saga.order.reason}`)
  if (verdict.kind === 'repeat') tell(saga.order.decision === 'CONFIRMED' ? 'confirmed' : 'cancelled')
  if (verdict.kind !== 'change') return
  saga.order = verdict.facts.reduce(order.evolve, saga.order)
  for (const { type } of verdict.facts) {
    if (type === 'order.confirmed.v1') tell('confirmed')
    if (type === 'order.cancelled.v1') tell('cancelled')
  }
}

function inventoryMeets(world: World, saga: Saga, what: string): void {
  const items = [{ product_id: 'beans', quantity: saga.quantity }]
  const verdict =
    what === 'placed'
      ? inventory.onPlaced(saga.reservation, items, () => world.stock.available)
      : what === 'confirmed'
        ? inventory.onConfirmed(saga.reservation)
        : inventory.onCancelled(saga.reservation)
  const tell = (told: string) => {
    saga.queues['inventory>order'].push(`stock_${told}`)
    saga.queues['inventory>payment'].push(told)
  }
  if (verdict.kind === 'anomaly') world.anomalies.push(`inventory ${what} on ${saga.reservation}`)
  if (verdict.kind === 'reject') {
    saga.reservation = 'REJECTED'
    tell('rejected')
  }
  if (verdict.kind === 'move') {
    saga.reservation = verdict.state
    if (verdict.move !== undefined)
      world.stock = inventory.moveUnits(world.stock, verdict.move, saga.quantity)
    tell(verdict.tell)
  }
}

function paymentMeets(world: World, saga: Saga, decide: (now: payment.Payment) => payment.Verdict): void {
  const { payment: next, task, tell, isAnomaly } = decide(saga.payment)
  saga.payment = next
  if (isAnomaly === true) world.anomalies.push(`payment confirmed on ${next.state}`)
  if (task !== undefined) saga.queues.psp.push(task)
  if (tell !== undefined) saga.queues['payment>order'].push(`payment_${tell}`)
}

function deliver(world: World, saga: Saga, queue: keyof Saga['queues']): void {
  const what = saga.queues[queue].shift()!
  switch (queue) {
    case 'order>inventory':
      return inventoryMeets(world, saga, what)
    case 'inventory>order':
    case 'payment>order':
      return orderMeets(world, saga, { kind: 'told', name: what as Input['name'] })
    case 'inventory>payment':
      return what === 'reserved' ? paymentMeets(world, saga, payment.onStockReserved) : undefined
    case 'order>payment': {
      const { customer_id, amount_minor, currency } = saga.order
      const payment_token = saga.order.waits_for_customer ? null : 'tok_approved'
      if (what === 'placed')
        paymentMeets(world, saga, (now) =>
          payment.onPlaced(now, { customer_id, amount_minor, currency, payment_token }),
        )
      if (what === 'confirmed') paymentMeets(world, saga, payment.onConfirmed)
      if (what === 'cancelled') paymentMeets(world, saga, payment.onCancelled)
      return
    }
    case 'psp': {
      const operation = what as payment.Operation
      const isRefused =
        (operation === 'AUTH' && saga.card === 'declined') ||
        (operation === 'CAPTURE' && saga.card === 'capture fails')
      if (!isRefused) saga.charged.push(operation)
      const result: payment.PspResult = isRefused
        ? { kind: 'refused', reason: 'no' }
        : { kind: 'done', charge_id: 'charge' }
      paymentMeets(world, saga, (now) => payment.onResult(now, operation, result))
      // The same answer once more, as after a crash between the call and its booking.
      paymentMeets(world, saga, (now) => payment.onResult(now, operation, result))
    }
  }
}

function act(world: World, saga: Saga): void {
  const what = saga.acts.shift()!
  if (what === 'pays') {
    if (!saga.payment.cancelled && saga.payment.payment_token === null) {
      paymentMeets(world, saga, (now) => payment.onToken(now, 'tok_approved'))
    }
  } else if (what === 'reservation_overdue') {
    if (saga.reservation === 'HELD') saga.queues['inventory>order'].push(what)
  } else orderMeets(world, saga, { kind: 'asked', name: what })
}

/** Everything that may happen next. */
function possible(world: World): (() => void)[] {
  return world.sagas.flatMap((saga) => {
    const waiting = (Object.keys(saga.queues) as (keyof Saga['queues'])[]).filter(
      (name) => saga.queues[name].length > 0,
    )
    return [
      ...waiting.map((name) => () => deliver(world, saga, name)),
      ...(saga.acts.length > 0 ? [() => act(world, saga)] : []),
    ]
  })
}

function run(world: World, choices: readonly number[]): void {
  let step = 0
  for (let events = possible(world); events.length > 0; events = possible(world)) {
    events[(choices[step++ % Math.max(1, choices.length)] ?? 0) % events.length]!()
    const { available, held, committed, received } = world.stock
    if (Math.min(available, held, committed) < 0 || available + held + committed !== received) {
      throw new Error(`units were made or lost: ${JSON.stringify(world.stock)}`)
    }
    if (step > 10_000) throw new Error('it never ends')
  }
}

const acts = fc.constantFrom<Act>(
  'customer_cancels',
  'customer_wants_refund',
  'deadline_passed',
  'reservation_overdue',
)
const plan = fc.record({
  quantity: fc.integer({ min: 1, max: 3 }),
  card: fc.constantFrom<Card>('approved', 'approved', 'declined', 'capture fails'),
  paysLater: fc.boolean(),
  acts: fc.array(acts, { maxLength: 4 }),
})
const choices = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 80 })

describe('the services together, in any order of events', () => {
  it('end every order all or nothing, and sell no unit and take no money twice', () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 4 }), choices, (plans, schedule) => {
        const world = createWorld(plans)
        run(world, schedule)
        for (const saga of world.sagas) saga.acts.push('deadline_passed')
        run(world, schedule)

        expect(world.anomalies).toEqual([])
        let sold = 0
        for (const saga of world.sagas) {
          const { status } = saga.order
          expect(order.isSettled(saga.order)).toBe(true)
          expect([
            status === 'COMPLETED',
            saga.reservation === 'COMMITTED',
            saga.payment.state === 'CAPTURED',
          ]).toEqual(Array(3).fill(status === 'COMPLETED'))
          expect(new Set(saga.charged).size).toBe(saga.charged.length)
          const isCharged = saga.charged.includes('CAPTURE') && !saga.charged.includes('REFUND')
          const isHeld =
            saga.charged.includes('AUTH') &&
            !saga.charged.includes('CAPTURE') &&
            !saga.charged.includes('VOID')
          expect([isCharged, isHeld]).toEqual([status === 'COMPLETED', false])
          if (status === 'REFUNDED')
            expect([saga.reservation, saga.payment.state]).toEqual(['RESTOCKED', 'REFUNDED'])
          if (status === 'COMPLETED') sold += saga.quantity
        }
        expect(world.stock).toMatchObject({ available: UNITS - sold, held: 0, committed: sold })
      }),
      { numRuns: 1_500 },
    )
  })
})
