import { isEvent } from '@lepton/events/event'
import { type Subscription, subscription } from '@lepton/events/subscription'
import { StockStatus } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatusRequested } from '@lepton/contracts/order'
import { TOPICS } from '@lepton/contracts/topics'
import type { Deps } from './deps.ts'
import { type Item, onCancelled, onConfirmed, onPlaced, type Verdict } from './domain.ts'
import { holdUntil } from './hold.ts'
import { lockReservations, type ReservationChanges } from './reservations.ts'

/** What the order service decides, inventory carries out; it never decides itself. */
export function inventorySubscriptions({ outbox, anomalies, log }: Deps): Subscription[] {
  function carryOut(
    changes: ReservationChanges,
    orderId: string,
    verdict: Verdict,
    event: { event_id: string; type: string; traceparent: string | undefined },
  ) {
    if (verdict.kind === 'anomaly') {
      anomalies.inc(1)
      log.error({ order_id: orderId, event_type: event.type }, 'the order confirmed what is not held')
    }
    changes.carryOut(orderId, verdict, event)
  }

  return [
    subscription<ReservationChanges>({
      topic: TOPICS['order.v1'],
      events: [OrderPlaced, OrderConfirmed, OrderCancelled, OrderStatusRequested],
      load: (tx, incoming) => {
        const wanted = incoming.map((event) =>
          isEvent(event, OrderPlaced) && event.data.mode === 'saga' ? itemsOf(event.data) : undefined,
        )
        return lockReservations(
          tx,
          incoming.map(({ key }) => key),
          wanted.flatMap((items) => items?.map(({ product_id }) => product_id) ?? []),
          !wanted.includes(undefined),
        )
      },
      position: (changes, key) => changes.reservation(key).last_order_seq,
      advance: (changes, key, sequence) => changes.advance(key, sequence),
      apply: (changes, event) => {
        const { state } = changes.reservation(event.key)
        // The units of a two-phase order are held when its coordinator asks.
        if (isEvent(event, OrderPlaced) && event.data.mode === 'saga') {
          const items = itemsOf(event.data)
          const verdict = onPlaced(state, items, (id) => changes.availableOf(id))
          if (verdict.kind !== 'ignore') changes.want(event.key, items, holdUntil(event.data.deadline))
          carryOut(changes, event.key, verdict, event)
        }
        if (isEvent(event, OrderConfirmed)) carryOut(changes, event.key, onConfirmed(state), event)
        if (isEvent(event, OrderCancelled)) {
          const verdict = onCancelled(state)
          carryOut(changes, event.key, verdict, event)
        }
        if (isEvent(event, OrderStatusRequested)) {
          changes.publish(event.key, StockStatus, { order_id: event.key, state }, event)
        }
      },
      store: (tx, changes) => changes.store(tx, outbox),
    }),
  ]
}

function itemsOf({ lines }: { lines: readonly { item_id: string; quantity: number }[] }): Item[] {
  return lines.map(({ item_id, quantity }) => ({ product_id: item_id, quantity }))
}
