import { derivedId } from '@lepton/common/runtime/id'
import { insertRows, type Tx } from '@lepton/events/postgres/postgres'
import type { Operation, Origin } from './domain.ts'
import { isAskedAgain } from './outcome.ts'

/** What the processor is to be asked. */
export interface NewTask {
  order_id: string
  customer_id: string | null
  op: Operation
  psp_key: string
  next_at: string
  cause_id: string | null
  traceparent: string | null
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

/**
 * The processor's key of an operation. Each definite refusal begins a generation: the refusal is kept under the key
 * it was given to, which can do nothing any more, so at most one key is ever alive.
 */
export function pspKeyOf(order_id: string, op: Operation, generation: number): string {
  return generation === 0
    ? derivedId('psp', order_id, op)
    : derivedId('psp', order_id, op, String(generation))
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
    `insert into psp_task (order_id, customer_id, op, psp_key, next_at, cause_id, traceparent)
     select order_id, customer_id, op, psp_key, next_at, cause_id, traceparent
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
