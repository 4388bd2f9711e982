import type { Outbox } from '@lepton/events/outbox'
import type { Cause, OutgoingEvent } from '@lepton/events/event'
import { type Database, insertRows, type Tx, saveRows } from '@lepton/events/postgres/postgres'
import {
  OrderCancelled,
  OrderClosed,
  OrderCompleted,
  OrderConfirmed,
  OrderPlaced,
  OrderStatusRequested,
} from '@lepton/contracts/order'
import { currentTrace } from '@lepton/common/runtime/trace'
import { evolve } from './domain.ts'
import type { Begun, Fact, Order } from './order.ts'
import type { Input } from './state-table.ts'
import { moveTransactions, registerTransactions } from './transactions.ts'

/** The facts that other services are told, and as which event. */
const PUBLISHED = {
  'order.placed.v1': OrderPlaced,
  'order.confirmed.v1': OrderConfirmed,
  'order.cancelled.v1': OrderCancelled,
  'order.completed.v1': OrderCompleted,
  'order.closed.v1': OrderClosed,
} as const

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
  readonly #decided: { gid: string; state: 'CONFIRMING' | 'CANCELLING' }[] = []

  constructor(now: string, orders: Iterable<Order>) {
    this.now = now
    this.orders = new Map([...orders].map((order) => [order.order_id, order]))
  }

  /** Appends facts to an order's stream. */
  append(order: Order, facts: readonly Fact[], cause: Cause | undefined): void {
    for (const fact of facts) {
      if (order.mode === 'two_phase') this.#moveTransaction(order, fact)
      const isFirst = fact.type === 'order.placed.v1'
      const next = isFirst ? order : evolve(this.orders.get(order.order_id)!, fact)
      this.#put({ ...next, updated_at: this.now })
      this.#moved.add(order.order_id)
      this.#facts.push({
        order_id: order.order_id,
        version: next.version,
        type: fact.type,
        data: fact.data,
        cause_id: cause?.event_id ?? null,
        at: this.now,
      })
      if (fact.type in PUBLISHED) {
        const type = PUBLISHED[fact.type as keyof typeof PUBLISHED]
        this.#publish(
          order.order_id,
          type,
          { ...fact.data, order_id: order.order_id, mode: order.mode },
          cause,
        )
      }
    }
  }

  /** Tells the decision once more, to a participant that seems to have missed it. */
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

  /** What other services are told, for the log and the figures. */
  get published(): readonly OutgoingEvent[] {
    return this.#events
  }

  store(tx: Tx, outbox: Outbox): void {
    const touched = [...this.#touched].map((id) => this.orders.get(id)!)
    saveRows(tx, 'order_stream', 'order_id', touched)
    insertRows(tx, 'order_events', this.#facts)
    insertRows(tx, 'order_anomalies', this.#anomalies)
    registerTransactions(tx, this.#registered, this.now)
    moveTransactions(tx, this.#decided)
    outbox.emit(tx, this.#events)
  }

  /** A two-phase order and its global transaction are decided together; what comes later is the order's alone. */
  #moveTransaction({ order_id, decision, traceparent }: Order, fact: Fact): void {
    if (fact.type === 'order.placed.v1') this.#registered.push({ ...fact.data, traceparent })
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
function traced({ traceparent }: Order, cause: Cause | undefined): Cause | undefined {
  if (cause?.traceparent !== undefined || traceparent === null || currentTrace() !== undefined) return cause
  return { ...cause, traceparent }
}

/** Locks orders in id order. An id without an order is simply missing from the result. */
export async function lockOrders(tx: Tx, ids: readonly string[]): Promise<OrderChanges> {
  const { rows } = await tx.query<Order & { now: string }>(
    'select *, now() as now from order_stream where order_id = any($1::uuid[]) order by order_id for update',
    [ids],
  )
  const now = rows[0]?.now ?? (await databaseNow(tx))
  return new OrderChanges(
    now,
    rows.map(({ now: _now, ...order }) => order),
  )
}

/** Orders whose deadline passed while nobody decided; those another instance works on are left to it. */
export async function lockOverdue(tx: Tx, limit: number): Promise<OrderChanges> {
  const { rows } = await tx.query<Order>(
    `select * from order_stream where decision = 'OPEN' and deadline < now()
     order by deadline limit $1 for update skip locked`,
    [limit],
  )
  return new OrderChanges(await databaseNow(tx), rows)
}

/** Unsettled orders that nothing happened to lately: asked again after 10 s, 30 s, then every 2 minutes. */
export async function lockStuck(tx: Tx, limit: number): Promise<OrderChanges> {
  const { rows } = await tx.query<Order>(
    `select * from order_stream
     where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')
       and not (waits_for_customer and decision = 'OPEN' and stock = 'held')
       and updated_at < now() - interval '10 seconds'
       and (asked_at is null or asked_at < now() - case asks when 1 then interval '30 seconds' else interval '2 minutes' end)
     order by updated_at limit $1 for update skip locked`,
    [limit],
  )
  return new OrderChanges(await databaseNow(tx), rows)
}

export async function databaseNow(tx: Tx): Promise<string> {
  const { rows } = await tx.query<{ now: string }>('select now() as now')
  return rows[0]!.now
}

export async function findOrder(database: Database, orderId: string): Promise<Order | undefined> {
  const { rows } = await database.query<Order>('select * from order_stream where order_id = $1', [orderId])
  return rows[0]
}

export interface Open {
  orders: number
  /** Units in orders that wait for a card. */
  unpaid_units: number
}

/** What a customer has that is not settled. */
export async function countOpen(reader: Pick<Database, 'query'> | Tx, customerId: string): Promise<Open> {
  const { rows } = await reader.query<Open>(
    `select count(*)::int as orders,
       coalesce(sum(u.units) filter (where waits_for_customer and decision = 'OPEN'), 0)::int as unpaid_units
     from order_stream
       cross join lateral (select sum((line ->> 'quantity')::int) as units from jsonb_array_elements(lines) line) u
     where customer_id = $1 and status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')`,
    [customerId],
  )
  return rows[0]!
}

/** A customer's orders, newest first, after the position `before`. */
export async function listOrders(
  database: Database,
  customerId: string,
  before: { created_at: string; order_id: string } | undefined,
  limit: number,
): Promise<Order[]> {
  const { rows } = await database.query<Order>(
    `select * from order_stream
     where customer_id = $1 and ($2::timestamptz is null or (created_at, order_id) < ($2, $3::uuid))
     order by created_at desc, order_id desc limit $4`,
    [customerId, before?.created_at ?? null, before?.order_id ?? null, limit],
  )
  return rows
}

export async function listFacts(database: Database, orderId: string) {
  const { rows } = await database.query<{ version: number; type: string; data: object; at: string }>(
    `select version, type, data - 'payment_token' as data, at from order_events where order_id = $1 order by version`,
    [orderId],
  )
  return rows
}
