import type { KeptTrace } from '@lepton/common/runtime/trace'
import type { Database } from '@lepton/events/postgres/database'
import { insertRows, lockOrCreate, saveRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { PaymentState } from '@lepton/contracts/payment'
import type { Operation, Origin, Payment } from './domain.ts'
import { isAskedAgain } from './outcome.ts'

/** What the ledger adds to a payment, for the people who look at it. */
export interface Moved {
  captured_minor: number
  refunded_minor: number
}

export const NOTHING_MOVED: Moved = { captured_minor: 0, refunded_minor: 0 }

export async function findShown(database: Database, orderId: string): Promise<(Payment & Moved) | undefined> {
  const { rows } = await database.query<Payment & Moved>(
    `select payment.*, moved.* from payment cross join lateral (
       select coalesce(sum(amount_minor) filter (where kind = 'CAPTURE'), 0)::bigint as captured_minor,
         coalesce(sum(amount_minor) filter (where kind = 'REFUND'), 0)::bigint as refunded_minor
       from payment_ledger where order_id = $1) moved
     where order_id = $1`,
    [orderId],
  )
  return rows[0]
}

export async function stateOf(database: Database, orderId: string): Promise<PaymentState | undefined> {
  const { rows } = await database.query<{ state: PaymentState }>(
    'select state from payment where order_id = $1',
    [orderId],
  )
  return rows[0]?.state
}

/** Locks the orders' payments, making those that are not there yet; with the time of the transaction. */
export function lockPayments(
  tx: Tx,
  orderIds: readonly string[],
  areNew: boolean,
): Promise<{ now: string; rows: Payment[] }> {
  return lockOrCreate<Payment>(tx, 'payment', 'order_id', orderIds, areNew)
}

export function savePayments(tx: Tx, payments: readonly Payment[]): void {
  saveRows(tx, 'payment', 'order_id', payments)
}

/** What the processor is to be asked. */
export interface NewTask extends KeptTrace {
  order_id: string
  customer_id: string | null
  op: Operation
  psp_key: string
  next_at: string
  cause_id: string | null
}

/** A movement in the money's ledger. */
export interface Entry {
  order_id: string
  kind: Operation
  amount_minor: number | null
  charge_id: string | null
  at: string
  origin: Origin
}

/** Taking money twice is a fault, and fails; giving it back may have to begin again. */
export function insertTasks(tx: Tx, tasks: readonly NewTask[]): void {
  insertRows(
    tx,
    'psp_task',
    tasks.filter(({ op }) => !isAskedAgain(op)),
  )
  insertOrReopen(
    tx,
    tasks.filter(({ op }) => isAskedAgain(op)),
  )
}

/** What the shop moves is booked once, or fails; what was moved elsewhere may be found again. */
export function insertEntries(tx: Tx, entries: readonly Entry[]): void {
  insertRows(
    tx,
    'payment_ledger',
    entries.filter(({ origin }) => origin === 'SHOP'),
  )
  insertUnlessBooked(
    tx,
    entries.filter(({ origin }) => origin !== 'SHOP'),
  )
}

/**
 * A charge that is moved back and forth at the processor may be voided, refunded and voided again: the task of an
 * operation that had an outcome begins once more, with a key that nothing had before.
 */
function insertOrReopen(tx: Tx, tasks: readonly object[]): void {
  if (tasks.length === 0) return
  tx.write(
    `insert into psp_task (order_id, customer_id, op, psp_key, next_at, cause_id, traceparent, tracestate)
     select order_id, customer_id, op, psp_key, next_at, cause_id, traceparent, tracestate
     from jsonb_populate_recordset(null::psp_task, $1::jsonb)
     on conflict (order_id, op) do update set outcome = null, ended_at = null, started_at = null, lease_until = null,
       attempts = 0, next_at = excluded.next_at, generation = psp_task.generation + 1, psp_key = gen_random_uuid()
     where psp_task.outcome is not null`,
    [JSON.stringify(tasks)],
  )
}

/** What was moved elsewhere is booked once, however often it is found. */
function insertUnlessBooked(tx: Tx, entries: readonly object[]): void {
  if (entries.length === 0) return
  tx.write(
    `insert into payment_ledger (order_id, kind, amount_minor, charge_id, at, origin)
     select order_id, kind, amount_minor, charge_id, at, origin
     from jsonb_populate_recordset(null::payment_ledger, $1::jsonb)
     on conflict (order_id, kind) do nothing`,
    [JSON.stringify(entries)],
  )
}
