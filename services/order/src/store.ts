import type { Database } from '@lepton/events/postgres/database'
import { insertRows, lockRows, saveRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Recorded } from './history.ts'
import type { Order } from './order.ts'

type LockedOrder = Order & { now: string }

export const lockOrders = (tx: Tx, ids: readonly string[]): Promise<LockedOrder[]> =>
  lockRows<Order>(tx, 'order_stream', { key: 'order_id' }, ids)

export async function lockOverdue(tx: Tx, limit: number): Promise<LockedOrder[]> {
  const { rows } = await tx.query<LockedOrder>(
    `select *, now() as now from order_stream where decision = 'OPEN' and deadline < now()
     order by deadline limit $1 for update skip locked`,
    [limit],
  )
  return rows
}

export async function lockStuck(tx: Tx, limit: number): Promise<LockedOrder[]> {
  const { rows } = await tx.query<LockedOrder>(
    `select *, now() as now from order_stream
     where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')
       and not (waits_for_customer and decision = 'OPEN' and stock = 'held')
       and updated_at < now() - interval '10 seconds'
       and (asked_at is null or asked_at < now() - case asks when 1 then interval '30 seconds' else interval '2 minutes' end)
     order by updated_at limit $1 for update skip locked`,
    [limit],
  )
  return rows
}

export function saveOrders(
  tx: Tx,
  {
    orders,
    facts,
    anomalies,
  }: { orders: readonly Order[]; facts: readonly object[]; anomalies: readonly object[] },
): void {
  saveRows(tx, 'order_stream', 'order_id', orders)
  insertRows(tx, 'order_events', facts)
  insertRows(tx, 'order_anomalies', anomalies)
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
  database: Pick<Database, 'query'>,
  customerId: string,
  before: { created_at: string; order_id: string } | undefined,
  limit: number,
): Promise<Order[]> {
  const { rows } = await database.query<Order>(
    `select * from order_stream
     where customer_id = $1 and (created_at, order_id) <
       (coalesce($2, timestamptz 'infinity'), coalesce($3, uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
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

/** An order's stream as it is, for its fold; what customers are shown leaves the card's token out. */
export async function listRecorded(database: Database, orderId: string): Promise<Recorded[]> {
  const { rows } = await database.query<Recorded>(
    'select version, type, data, at from order_events where order_id = $1 order by version',
    [orderId],
  )
  return rows
}

/** Orders of one customer that count: a few customers with slow cards must not be the backlog of all. */
const COUNTED_PER_CUSTOMER = 8

/** Orders that are not settled and wait for no customer, so many of each customer at most. */
export async function countInProgress(database: Database): Promise<number> {
  const { rows } = await database.query<{ orders: number }>(
    `select coalesce(sum(least(orders, $1)), 0)::int as orders from (
       select count(*) as orders from order_stream
       where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED') and not waits_for_customer
       group by customer_id) of_customer`,
    [COUNTED_PER_CUSTOMER],
  )
  return rows[0]!.orders
}

/** Those of these orders that are placed. */
export async function listKnown(database: Database, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ order_id: string }>(
    'select order_id from order_stream where order_id = any($1::uuid[])',
    [ids],
  )
  return new Set(rows.map(({ order_id }) => order_id))
}

/** Orders of one customer are placed one after the other from here to the end of the transaction. */
export function lockCustomer(tx: Tx, customerId: string): void {
  tx.write(`select pg_advisory_xact_lock(hashtextextended('open orders ' || $1, 0))`, [customerId])
}
