import type { Outbox } from '@lepton/events/outbox'
import type { Cause, OutgoingEvent } from '@lepton/events/event'
import type { Tx } from '@lepton/events/postgres/transaction'
import {
  OrderCancelled,
  OrderClosed,
  OrderCompleted,
  OrderConfirmed,
  OrderPlaced,
  OrderStatusRequested,
} from '@lepton/contracts/order'
import { keepTrace } from '@lepton/common/runtime/trace'
import type { Begun, Change, Fact, Order } from './order.ts'
import type { Input } from './state-table.ts'
import * as store from './store.ts'
import { type Decided, moveTransactions, registerTransactions } from './transaction-store.ts'

/** The facts that are published, and as which event. */
const PUBLISHED = {
  'order.placed.v1': OrderPlaced,
  'order.confirmed.v1': OrderConfirmed,
  'order.cancelled.v1': OrderCancelled,
  'order.completed.v1': OrderCompleted,
  'order.closed.v1': OrderClosed,
} as const

export function isPublished({ type }: Fact): boolean {
  return type in PUBLISHED
}

/** Orders under change in one transaction: their rows, and what is to be written besides. */
export class OrderChanges {
  readonly now: string
  readonly orders: Map<string, Order>
  readonly #touched = new Set<string>()
  readonly #moved = new Set<string>()
  readonly #facts: object[] = []
  readonly #events: OutgoingEvent[] = []
  readonly #anomalies: object[] = []
  readonly #registered: Begun[] = []
  readonly #decided: Decided[] = []

  constructor(now: string, orders: Iterable<Order>) {
    this.now = now
    this.orders = new Map([...orders].map((order) => [order.order_id, order]))
  }

  /** Appends facts to an order's stream; `order` is as it was before them. */
  append(order: Order, { facts, next }: Change, cause: Cause | undefined): void {
    const { order_id, mode } = order
    this.#put({ ...next, updated_at: this.now })
    this.#moved.add(order_id)
    for (const [index, fact] of facts.entries()) {
      if (mode === 'two_phase') this.#moveTransaction(order, fact)
      this.#facts.push({
        order_id,
        version: next.version - facts.length + 1 + index,
        type: fact.type,
        data: fact.data,
        cause_id: cause?.event_id ?? null,
        at: this.now,
      })
      if (isPublished(fact)) {
        const type = PUBLISHED[fact.type as keyof typeof PUBLISHED]
        this.#publish(order_id, type, { ...fact.data, order_id, mode }, cause)
      }
    }
  }

  /** Publishes the decision once more, for a participant that seems to have missed it. */
  repeatDecision(order: Order, cause: Cause | undefined): void {
    const { order_id, mode, reason, decision } = order
    if (decision === 'CONFIRMED') this.#publish(order_id, OrderConfirmed, { order_id, mode }, cause)
    if (decision === 'CANCELLED')
      this.#publish(order_id, OrderCancelled, { order_id, mode, reason: reason! }, cause)
  }

  /** Asks the participants where they stand. */
  requestStatus(order: Order): void {
    this.#put({ ...order, asked_at: this.now, asks: order.asks + 1 })
    this.#publish(order.order_id, OrderStatusRequested, { order_id: order.order_id }, undefined)
  }

  advance(order: Order, position: 'last_inv_seq' | 'last_pay_seq', sequence: number): void {
    this.#put({ ...order, [position]: sequence })
  }

  noteAnomaly({ order_id, decision }: Order, input: Input, cause: Cause | undefined): void {
    this.#anomalies.push({
      order_id,
      input: input.name,
      decision,
      event_id: cause?.event_id ?? null,
      at: this.now,
    })
  }

  get anomalies(): number {
    return this.#anomalies.length
  }

  /** Orders with new facts. */
  get moved(): readonly string[] {
    return [...this.#moved]
  }

  /** Two-phase orders that are new. */
  get registered(): readonly Begun[] {
    return this.#registered
  }

  get hasDecisions(): boolean {
    return this.#decided.length > 0
  }

  /** What is published, for the log and the figures. */
  get published(): readonly OutgoingEvent[] {
    return this.#events
  }

  store(tx: Tx, outbox: Outbox): void {
    const touched = [...this.#touched].map((id) => this.orders.get(id)!)
    store.saveOrders(tx, { orders: touched, facts: this.#facts, anomalies: this.#anomalies })
    registerTransactions(tx, this.#registered, this.now)
    moveTransactions(tx, this.#decided)
    outbox.emit(tx, this.#events)
  }

  /** A two-phase order and its global transaction are decided together; what comes later is the order's alone. */
  #moveTransaction({ order_id, decision, traceparent, tracestate }: Order, fact: Fact): void {
    if (fact.type === 'order.placed.v1') this.#registered.push({ ...fact.data, traceparent, tracestate })
    if (decision !== 'OPEN') return
    if (fact.type === 'order.confirmed.v1') this.#decided.push({ gid: order_id, state: 'CONFIRMING' })
    if (fact.type === 'order.cancelled.v1') this.#decided.push({ gid: order_id, state: 'CANCELLING' })
  }

  #put(order: Order): void {
    this.orders.set(order.order_id, order)
    this.#touched.add(order.order_id)
  }

  #publish(order_id: string, type: OutgoingEvent['type'], data: object, cause: Cause | undefined): void {
    const order = this.orders.get(order_id)!
    const sequence = order.pub_seq + 1
    this.#put({ ...order, pub_seq: sequence })
    this.#events.push({ type, key: order_id, sequence, data, cause: traced(order, cause) })
  }
}

/** A cause in the order's own trace, where neither a request nor an event brings one. */
function traced({ traceparent, tracestate }: Order, cause: Cause | undefined): Cause | undefined {
  if (keepTrace(cause).traceparent !== null) return cause
  return { ...cause, traceparent, tracestate }
}

/** Locks orders in id order. An id without an order is simply missing from the result. */
export async function lockOrders(tx: Tx, ids: readonly string[]): Promise<OrderChanges> {
  return changesOf(tx, await store.lockOrders(tx, ids))
}

/** Orders whose deadline passed before they were decided; those another instance works on are left to it. */
export async function lockOverdue(tx: Tx, limit: number): Promise<OrderChanges> {
  return changesOf(tx, await store.lockOverdue(tx, limit))
}

/** Unsettled orders that nothing happened to lately: asked again after 10 s, 30 s, then every 2 minutes. */
export async function lockStuck(tx: Tx, limit: number): Promise<OrderChanges> {
  return changesOf(tx, await store.lockStuck(tx, limit))
}

async function changesOf(tx: Tx, rows: readonly (Order & { now: string })[]): Promise<OrderChanges> {
  const now = rows[0]?.now ?? (await store.databaseNow(tx))
  return new OrderChanges(
    now,
    rows.map(({ now: _now, ...order }) => order),
  )
}
