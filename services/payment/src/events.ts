import { type IncomingEvent, isEvent } from '@lepton/events/event'
import { type Subscription, subscription, type Topic } from '@lepton/events/subscription'
import type { EventType } from '@lepton/contracts/event'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatusRequested } from '@lepton/contracts/order'
import { PaymentStatus } from '@lepton/contracts/payment'
import { TOPICS } from '@lepton/contracts/topics'
import type { Deps } from './deps.ts'
import { onCancelled, onConfirmed, onPlaced, onStockReserved, type Verdict } from './domain.ts'
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
  { outbox, anomalies, log, tasksDue }: Deps,
  topic: Topic,
  position: 'last_order_seq' | 'last_inv_seq',
  events: readonly EventType[],
): Subscription {
  return subscription<PaymentChanges>({
    topic,
    events,
    load: (tx, incoming) =>
      lockPayments(
        tx,
        incoming.map(({ key }) => key),
        incoming.filter((event) => isEvent(event, OrderPlaced)).map(({ key }) => key),
      ),
    position: (changes, key) => changes.payment(key)[position],
    advance: (changes, key, sequence) => changes.advance(key, position, sequence),
    apply: (changes, event) => {
      const payment = changes.payment(event.key)
      if (isEvent(event, OrderStatusRequested)) {
        changes.publish(event.key, PaymentStatus, { order_id: event.key, state: payment.state }, event)
        return
      }
      const verdict = decide(event, payment)
      if (verdict === undefined) return
      if (verdict.isAnomaly === true) {
        anomalies.inc(1)
        log.error({ order_id: event.key, state: payment.state }, 'the order confirmed what is not authorised')
      }
      changes.carryOut(verdict, event)
    },
    store: (tx, changes) => {
      changes.store(tx, outbox)
      if (changes.hasTasks) tx.afterCommit(tasksDue.notify)
    },
  })
}

function decide(event: IncomingEvent, payment: Parameters<typeof onPlaced>[0]): Verdict | undefined {
  // The money of a two-phase order is authorised when its coordinator asks.
  if (isEvent(event, OrderPlaced))
    return event.data.mode === 'saga' ? onPlaced(payment, intentOf(event.data)) : undefined
  if (isEvent(event, StockReserved)) return onStockReserved(payment)
  if (isEvent(event, OrderConfirmed)) return onConfirmed(payment)
  if (isEvent(event, OrderCancelled)) return onCancelled(payment)
  return undefined
}

function intentOf({ customer_id, amount_minor, currency, payment_token }: Parameters<typeof onPlaced>[1]) {
  return { customer_id, amount_minor, currency, payment_token }
}
