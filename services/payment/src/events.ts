import { type IncomingEvent, isEvent } from '@lepton/events/event'
import { type Subscription, subscription, type Topic } from '@lepton/events/subscription'
import type { EventType } from '@lepton/contracts/event'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatusRequested } from '@lepton/contracts/order'
import { PaymentStatus } from '@lepton/contracts/payment'
import { TOPICS } from '@lepton/contracts/topics'
import { openedCard } from './card.ts'
import type { Deps } from './deps.ts'
import {
  type Intent,
  onCancelled,
  onConfirmed,
  onPlaced,
  onStockReserved,
  type Payment,
  type Verdict,
} from './domain.ts'
import { lockPayments, type PaymentChanges } from './payments.ts'

/** What the order service decides, payment carries out; the reservation is its signal to begin. */
export function paymentSubscriptions(deps: Deps): Subscription[] {
  return [
    toPayments(deps, TOPICS['order.v1'], 'last_order_seq', [
      OrderPlaced,
      OrderConfirmed,
      OrderCancelled,
      OrderStatusRequested,
    ]),
    toPayments(deps, TOPICS['inventory.v1'], 'last_inv_seq', [StockReserved]),
  ]
}

function toPayments(
  deps: Deps,
  topic: Topic,
  position: 'last_order_seq' | 'last_inv_seq',
  events: readonly EventType[],
): Subscription {
  const { outbox, anomalies, log, tasksMade } = deps
  return subscription<PaymentChanges>({
    topic,
    events,
    load: (tx, incoming) =>
      lockPayments(
        tx,
        incoming.map(({ key }) => key),
        incoming.every((event) => isEvent(event, OrderPlaced)),
      ),
    position: (changes, key) => changes.payment(key)[position],
    advance: (changes, key, sequence) => changes.advance(key, position, sequence),
    apply: (changes, event) => {
      const payment = changes.payment(event.key)
      if (isEvent(event, OrderStatusRequested)) {
        changes.publish(event.key, PaymentStatus, { order_id: event.key, state: payment.state }, event)
        return
      }
      const verdict = decide(event, payment, (intent) => readable(deps, event.key, intent))
      if (verdict === undefined) return
      if (verdict.isAnomaly === true) {
        anomalies.inc(1)
        log.error({ order_id: event.key, state: payment.state }, 'the order confirmed what is not authorised')
      }
      changes.carryOut(verdict, event)
    },
    store: (tx, changes) => {
      changes.store(tx, outbox)
      tasksMade.notify({ tx, count: changes.newTasks })
    },
  })
}

function decide(
  event: IncomingEvent,
  payment: Payment,
  opened: (intent: Intent) => Intent,
): Verdict | undefined {
  // The money of a two-phase order is authorised when its coordinator asks.
  if (isEvent(event, OrderPlaced))
    return event.data.mode === 'saga' ? onPlaced(payment, opened(intentOf(event.data))) : undefined
  if (isEvent(event, StockReserved)) return onStockReserved(payment)
  if (isEvent(event, OrderConfirmed)) return onConfirmed(payment)
  if (isEvent(event, OrderCancelled)) return onCancelled(payment)
  return undefined
}

function intentOf({ customer_id, amount_minor, currency, payment_token }: Intent): Intent {
  return { customer_id, amount_minor, currency, payment_token }
}

/** With a card that cannot be opened an order has none: its customer may give one, or it ends at its deadline. */
function readable(deps: Deps, order_id: string, intent: Intent): Intent {
  if (intent.payment_token === null) return intent
  const payment_token = openedCard(deps, intent.payment_token, order_id)
  if (payment_token === undefined) deps.anomalies.inc(1)
  return { ...intent, payment_token: payment_token ?? null }
}
