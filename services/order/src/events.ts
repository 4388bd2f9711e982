import { type IncomingEvent, isEvent } from '@lepton/common/events/event'
import { Poison, type Subscription, subscription } from '@lepton/common/events/subscription'
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
import type { Deps } from './deps.ts'
import { decide } from './domain.ts'
import { PAYMENT_INPUT, RESERVATION_INPUT } from './inputs.ts'
import type { Order } from './order.ts'
import { placeOrder } from './place.ts'
import { record } from './record.ts'
import type { Input } from './state-table.ts'
import { lockOrders, type OrderChanges } from './store.ts'

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
    topic: 'inventory.v1',
    position: 'last_inv_seq',
    inputs: FROM_INVENTORY,
    snapshot: StockStatus,
    inputOf: ({ state }) => RESERVATION_INPUT[state],
    onAnswer: (waitMs) => deps.backlog.answered(waitMs),
  })
  const payment = answers(deps, {
    topic: 'payment.v1',
    position: 'last_pay_seq',
    inputs: FROM_PAYMENT,
    snapshot: PaymentStatus,
    inputOf: ({ state }) => PAYMENT_INPUT[state],
  })
  return [checkouts(deps), inventory, payment]
}

/** What a participant publishes, and how the order service reads it. */
interface Participant<S> {
  topic: 'inventory.v1' | 'payment.v1'
  position: 'last_inv_seq' | 'last_pay_seq'
  /** Each event is one input of the state table. */
  inputs: readonly [EventType, InputName][]
  snapshot: EventType<S>
  /** The input that a snapshot stands for. */
  inputOf: (data: S) => InputName
  /** Gets how long (ms) each order had waited for it. */
  onAnswer?: (waitMs: number) => void
}

function answers<S>(deps: Deps, participant: Participant<S>): Subscription {
  const { topic, position, inputs, snapshot, inputOf, onAnswer } = participant
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
      carryOut(changes, order, { kind: 'told', name }, event)
    },
    store: (tx, changes) => {
      record(tx, changes, deps)
      if (onAnswer !== undefined) tx.afterCommit(() => changes.waits.forEach(onAnswer))
    },
  })
}

function carryOut(changes: OrderChanges, order: Order, input: Input, event: IncomingEvent): void {
  const verdict = decide(order, input)
  switch (verdict.kind) {
    case 'change':
      return changes.append(order, verdict.facts, event)
    case 'repeat':
      return changes.repeatDecision(order, event)
    case 'ignore':
      return
    // Only what a customer asks for can be refused: an event that is has no place in the table.
    case 'refuse':
    case 'anomaly':
      return changes.noteAnomaly(order, input, event)
  }
}

/** A checked-out cart becomes an order. The order never re-prices and never refuses: it was accepted. */
function checkouts(deps: Deps): Subscription {
  return subscription<OrderChanges>({
    topic: 'cart.v1',
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
