import { type IncomingEvent, isEvent } from '@lepton/events/event'
import { Poison } from '@lepton/events/poison'
import { type Subscription, subscription, type Topic } from '@lepton/events/subscription'
import { CartCheckedOut } from '@lepton/contracts/cart'
import {
  ReservationOverdue,
  StockCommitted,
  StockRejected,
  StockReleased,
  StockReserved,
  StockRestocked,
  StockStatus,
} from '@lepton/contracts/inventory'
import {
  PaymentAuthorized,
  PaymentCaptured,
  PaymentCaptureFailed,
  PaymentDeclined,
  PaymentRefunded,
  PaymentStatus,
  PaymentVoided,
} from '@lepton/contracts/payment'
import type { EventType } from '@lepton/contracts/event'
import { TOPICS } from '@lepton/contracts/topics'
import type { Deps } from './deps.ts'
import { decide } from './domain.ts'
import { PAYMENT_INPUT, RESERVATION_INPUT } from './inputs.ts'
import type { Order } from './order.ts'
import { placeOrder } from './place.ts'
import { record } from './record.ts'
import type { Input } from './state-table.ts'
import { lockOrders, type OrderChanges } from './orders.ts'

type InputName = Input['name']

const FROM_INVENTORY: [EventType, InputName][] = [
  [StockReserved, 'stock_reserved'],
  [StockRejected, 'stock_rejected'],
  [StockCommitted, 'stock_committed'],
  [StockReleased, 'stock_released'],
  [StockRestocked, 'stock_restocked'],
  [ReservationOverdue, 'reservation_overdue'],
]

const FROM_PAYMENT: [EventType, InputName][] = [
  [PaymentAuthorized, 'payment_authorized'],
  [PaymentDeclined, 'payment_declined'],
  [PaymentCaptured, 'payment_captured'],
  [PaymentCaptureFailed, 'payment_capture_failed'],
  [PaymentVoided, 'payment_voided'],
  [PaymentRefunded, 'payment_refunded'],
]

export function orderSubscriptions(deps: Deps): Subscription[] {
  const inventory = answers(deps, {
    topic: TOPICS['inventory.v1'],
    position: 'last_inv_seq',
    inputs: FROM_INVENTORY,
    snapshot: StockStatus,
    inputOf: ({ state }) => RESERVATION_INPUT[state],
    processorMs: () => 0,
  })
  const payment = answers(deps, {
    topic: TOPICS['payment.v1'],
    position: 'last_pay_seq',
    inputs: FROM_PAYMENT,
    snapshot: PaymentStatus,
    inputOf: ({ state }) => PAYMENT_INPUT[state],
    processorMs: (data) => (data as { processor_ms?: number }).processor_ms,
  })
  return [checkouts(deps), inventory, payment]
}

/** What a participant publishes, and how the order service reads it. */
interface Participant<S> {
  topic: Topic
  position: 'last_inv_seq' | 'last_pay_seq'
  /** Each event is one input of the state table. */
  inputs: readonly [EventType, InputName][]
  snapshot: EventType<S>
  /** The input that a snapshot stands for. */
  inputOf: (data: S) => InputName
  /** How long (ms) of an order's wait was the card processor's; undefined where it is not known. */
  processorMs: (data: unknown) => number | undefined
}

function answers<S>(deps: Deps, participant: Participant<S>): Subscription {
  const { topic, position, inputs, snapshot, inputOf, processorMs } = participant
  const waitsOf = new WeakMap<OrderChanges, number[]>()
  return subscription<OrderChanges>({
    topic,
    events: [...inputs.map(([type]) => type), snapshot],
    snapshots: [snapshot],
    load: (tx, incoming) =>
      lockOrders(
        tx,
        incoming.map(({ key }) => key),
      ),
    position: ({ orders }, key) => orders.get(key)?.[position] ?? 0,
    advance: (changes, key, sequence) => {
      const order = changes.orders.get(key)
      if (order !== undefined) changes.advance(order, position, sequence)
    },
    apply: (changes, event) => {
      const order = changes.orders.get(event.key)
      if (order === undefined) throw new Poison(`there is no order ${event.key}`)
      const name = isEvent(event, snapshot)
        ? inputOf(event.data)
        : inputs.find(([type]) => type.type === event.type)![1]
      const waited = ownWait(changes, order, processorMs(event.data))
      if (
        carryOut(changes, order, { kind: 'reported', name, shortages: shortagesIn(event) }, event) &&
        waited !== undefined
      )
        waitsOf.set(changes, [...(waitsOf.get(changes) ?? []), waited])
    },
    store: (tx, changes) => {
      record(tx, changes, deps)
      for (const waited of waitsOf.get(changes) ?? []) {
        tx.afterCommit(() => deps.backlog.answered(topic.name, waited))
      }
    },
  })
}

function shortagesIn(event: IncomingEvent) {
  return isEvent(event, StockRejected) ? event.data.shortages : undefined
}

/** How long (ms) an order has waited for the shop's own work; undefined where its customer was waited for as well. */
function ownWait({ now }: OrderChanges, order: Order, processorMs: number | undefined): number | undefined {
  if (processorMs === undefined || order.waits_for_customer) return undefined
  return Math.max(0, Date.parse(now) - Date.parse(order.updated_at) - processorMs)
}

/** @returns whether it changed the order */
function carryOut(changes: OrderChanges, order: Order, input: Input, event: IncomingEvent): boolean {
  const verdict = decide(order, input)
  switch (verdict.kind) {
    case 'change':
      changes.append(order, verdict, event)
      return true
    case 'repeat':
      changes.repeatDecision(order, event)
      return false
    case 'ignore':
      return false
    // Only what a customer asks for can be refused: an event that is has no place in the table.
    case 'refuse':
    case 'anomaly':
      changes.noteAnomaly(order, input, event)
      return false
  }
}

/** A checked-out cart becomes an order. The order never re-prices and never refuses: it was accepted. */
function checkouts(deps: Deps): Subscription {
  return subscription<OrderChanges>({
    topic: TOPICS['cart.v1'],
    events: [CartCheckedOut],
    load: (tx, incoming) =>
      lockOrders(
        tx,
        incoming.flatMap((event) =>
          isEvent(event, CartCheckedOut) && event.data ? [event.data.order_id] : [],
        ),
      ),
    // A cart has one event; the order's primary key is what makes a second one harmless.
    position: () => undefined,
    advance: () => {},
    apply: (changes, event) => {
      if (!isEvent(event, CartCheckedOut) || changes.orders.has(event.data.order_id)) return
      const { cart_id: _cart, ...checkout } = event.data
      placeOrder(changes, checkout, deps, event)
    },
    store: (tx, changes) => record(tx, changes, deps),
  })
}
