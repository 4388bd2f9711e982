import type { Participant } from '@lepton/contracts/governance'
import type { TransactionState } from '@lepton/contracts/transactions'
import type { Database } from '@lepton/events/postgres/database'
import { insertRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { OrderTrace, Placement } from './order.ts'
import type { Input } from './state-table.ts'

export type BranchName = 'stock' | 'payment'

export const BRANCHES: readonly BranchName[] = ['stock', 'payment']

/** A global transaction that is due, in its order's trace, and which of its branches have not settled. */
export interface DueTransaction extends OrderTrace {
  gid: string
  state: 'TRYING' | 'CONFIRMING' | 'CANCELLING'
  attempts: number
  /** Null for an order, whose branches are always the same. */
  participants: Participants | null
  unsettled: string[]
}

/** The services that take part, and by which paths. */
export type Participants = Readonly<Record<string, Participant>>

export interface Decided {
  gid: string
  state: 'CONFIRMING' | 'CANCELLING'
  reason?: string
}

/** Notes global transactions and their branches with their orders, before any call. */
export function registerTransactions(tx: Tx, placements: readonly Placement[], now: string): void {
  register(
    tx,
    placements.map(({ order_id: gid, deadline }) => ({ gid, deadline, participants: null })),
    now,
  )
}

/** Notes a transaction over participants, before any call; its deadline is so far (ms) ahead. */
export async function registerParticipants(
  tx: Tx,
  gid: string,
  participants: Participants,
  allowedMs: number,
): Promise<void> {
  const { rows } = await tx.query<{ now: string; deadline: string }>(
    `select now() as now, now() + $1 * interval '1 ms' as deadline`,
    [allowedMs],
  )
  const { now, deadline } = rows[0]!
  register(tx, [{ gid, deadline, participants }], now)
}

function register(
  tx: Tx,
  transactions: readonly { gid: string; deadline: string; participants: Participants | null }[],
  now: string,
): void {
  insertRows(
    tx,
    'tcc_tx',
    transactions.map(({ gid, deadline, participants }) => ({
      gid,
      state: 'TRYING',
      deadline,
      attempts: 0,
      // Until then it belongs to the process that registered it.
      next_at: deadline,
      updated_at: now,
      participants,
    })),
  )
  insertRows(
    tx,
    'tcc_branch_log',
    transactions.flatMap(({ gid, participants }) =>
      (participants === null ? BRANCHES : Object.keys(participants)).map((branch) => ({
        gid,
        branch,
        phase: 'TRY',
        done: false,
      })),
    ),
  )
}

export interface Transaction {
  transaction_id: string
  state: TransactionState
  reason: string | null
  participants: { service: string; has_settled: boolean }[]
}

/** A transaction over participants. */
export async function findTransaction(database: Database, gid: string): Promise<Transaction | undefined> {
  const { rows } = await database.query<Transaction>(
    `select gid as transaction_id, state, reason,
       (select json_agg(json_build_object('service', branch, 'has_settled', done) order by branch)
        from tcc_branch_log l where l.gid = t.gid) as participants
     from tcc_tx t where gid = $1 and participants is not null`,
    [gid],
  )
  return rows[0]
}

/**
 * Moves global transactions that are still open. Those of orders move with the decisions about them, whose rows the caller
 * has locked.
 */
export function moveTransactions(tx: Tx, decided: readonly Decided[]): void {
  if (decided.length === 0) return
  tx.write(
    `with moved as (
       update tcc_tx t set state = d.state, attempts = 0, next_at = now(), last_error = null, reason = d.reason,
         updated_at = now()
       from jsonb_to_recordset($1::jsonb) as d(gid uuid, state text, reason text)
       where t.gid = d.gid and t.state = 'TRYING' returning t.gid, t.state)
     update tcc_branch_log l set done = false, phase = case m.state when 'CONFIRMING' then 'CONFIRM' else 'CANCEL' end
     from moved m where l.gid = m.gid`,
    [JSON.stringify(decided)],
  )
}

/** Takes transactions whose time has come for as long as the lease; those another process takes are left to it. */
export async function claimTransactions(
  database: Database,
  limit: number,
  leaseMs: number,
): Promise<DueTransaction[]> {
  const { rows } = await database.query<DueTransaction>(
    `with due as (
       update tcc_tx set attempts = attempts + 1, next_at = now() + $2 * interval '1 ms'
       where gid in (
         select gid from tcc_tx
         where state in ('TRYING', 'CONFIRMING', 'CANCELLING') and next_at <= now()
         order by next_at limit $1 for update skip locked)
       returning gid, state, attempts, participants)
     select gid, state, attempts, participants, o.traceparent, o.tracestate,
       array(select branch from tcc_branch_log l where l.gid = due.gid and not done order by branch desc) as unsettled
     from due left join lateral (select traceparent, tracestate from order_stream where order_id = gid offset 0) o on true`,
    [limit, leaseMs],
  )
  return rows
}

/** An order that is perhaps open, and what its branches answered. */
export interface Undecided {
  gid: string
  input: Input['name']
}

export interface SettledBranches {
  gid: string
  branches: readonly string[]
}

/** Notes branches that have settled, and ends the transactions that have no other. */
export async function noteSettled(database: Database, settled: readonly SettledBranches[]): Promise<void> {
  await database.query(
    `with settled as (select * from jsonb_to_recordset($1::jsonb) as s(gid uuid, branches text[])),
       noted as (
         update tcc_branch_log l set done = true from settled s where l.gid = s.gid and l.branch = any(s.branches))
     update tcc_tx t
     set state = case t.state when 'CONFIRMING' then 'CONFIRMED' else 'CANCELLED' end, updated_at = now()
     from settled s
     where t.gid = s.gid and t.state in ('CONFIRMING', 'CANCELLING')
       and not exists (
         select from tcc_branch_log l where l.gid = t.gid and not l.done and l.branch <> all(s.branches))`,
    [JSON.stringify(settled)],
  )
}

export async function postponeTransaction(
  database: Database,
  gid: string,
  { waitMs, error }: { waitMs: number; error: string },
): Promise<void> {
  await database.query(
    `update tcc_tx set next_at = now() + $2 * interval '1 ms', last_error = $3, updated_at = now()
     where gid = $1 and state in ('CONFIRMING', 'CANCELLING')`,
    [gid, waitMs, error],
  )
}

/** A branch contradicts the decision: this waits until a person has looked. */
export async function stopTransaction(database: Database, gid: string, error: string): Promise<void> {
  await database.query(
    `update tcc_tx set state = 'STOPPED', last_error = $2, updated_at = now()
     where gid = $1 and state in ('CONFIRMING', 'CANCELLING')`,
    [gid, error],
  )
}

/** Forgets transactions that ended 35 days ago. */
export async function deleteOldTransactions(database: Database, limit: number): Promise<number> {
  const { rowCount } = await database.query(
    `delete from tcc_tx where gid in (
       select gid from tcc_tx where state in ('CONFIRMED', 'CANCELLED') and updated_at < now() - interval '35 days'
       limit $1)`,
    [limit],
  )
  return rowCount ?? 0
}
