import { isEvent } from '@lepton/common/events/event'
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
  const inventory = answers(
    deps,
    'inventory.v1',
    'last_inv_seq',
    FROM_INVENTORY,
    StockStatus,
    (data) => RESERVATION_INPUT[data.state],
    (waitMs) => deps.backlog.answered(waitMs),
  )
  const payment = answers(
    deps,
    'payment.v1',
    'last_pay_seq',
    FROM_PAYMENT,
    PaymentStatus,
    (data) => PAYMENT_INPUT[data.state],
  )
  return [checkouts(deps), inventory, payment]
}

/** What a participant tells: each event is one input of the state table. */
function answers<S>(
  deps: Deps,
  topic: 'inventory.v1' | 'payment.v1',
  position: 'last_inv_seq' | 'last_pay_seq',
  events: readonly [EventType, InputName][],
  snapshot: EventType<S>,
  inputOf: (data: S) => InputName,
  onAnswer: (waitMs: number) => void = () => undefined,
): Subscription {
  return subscription<OrderChanges>({
    topic,
    events: [...events.map(([type]) => type), snapshot],
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
        : events.find(([type]) => type.type === event.type)![1]
      const input: Input = { kind: 'told', name }
      const verdict = decide(order, input)
      if (verdict.kind === 'change') changes.append(order, verdict.facts, event)
      if (verdict.kind === 'repeat') changes.repeatDecision(order, event)
      if (verdict.kind === 'anomaly') changes.noteAnomaly(order, input, event)
    },
    store: (tx, changes) => {
      record(tx, changes, deps)
      tx.afterCommit(() => changes.waits.forEach(onAnswer))
    },
  })
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
