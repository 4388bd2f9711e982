import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import { KEPT, type Recorded } from './history.ts'
import type { Order } from './order.ts'

/** A rebuild and how far it is: `after_id` is the last stream that it has folded. */
export interface Run {
  run_id: string
  who: string
  reason: string
  started_at: string
  finished_at: string | null
  after_id: string
  orders: number
  facts: number
  differed: number
  missing: number
  removed: number
  unreadable: number
  digest_before: string
  digest_after: string
}

const KEPT_DAYS = 35

/** Begins a run; undefined where one is in progress. */
export async function insertRun(
  tx: Tx,
  { run_id, who, reason }: Pick<Run, 'run_id' | 'who' | 'reason'>,
): Promise<Run | undefined> {
  tx.write('delete from order_rebuilds where finished_at < now() - make_interval(days => $1)', [KEPT_DAYS])
  const { rows } = await tx.query<Run>(
    `insert into order_rebuilds (run_id, who, reason) values ($1, $2, $3) on conflict do nothing returning *`,
    [run_id, who, reason],
  )
  return rows[0]
}

export async function findLatestRun(reader: Pick<Database, 'query'> | Tx): Promise<Run | undefined> {
  const { rows } = await reader.query<Run>(
    'select * from order_rebuilds order by finished_at desc nulls first limit 1',
  )
  return rows[0]
}

/** The run in progress, for one process at a time: the others find none. */
export async function lockRun(tx: Tx): Promise<Run | undefined> {
  const { rows } = await tx.query<Run>(
    'select * from order_rebuilds where finished_at is null for update skip locked',
  )
  return rows[0]
}

export function saveRun(tx: Tx, run: Run, isFinished: boolean): void {
  tx.write(
    `update order_rebuilds set after_id = $2, orders = $3, facts = $4, differed = $5, missing = $6, removed = $7,
       unreadable = $8, digest_before = $9, digest_after = $10, finished_at = case when $11 then clock_timestamp() end
     where run_id = $1`,
    [
      run.run_id,
      run.after_id,
      run.orders,
      run.facts,
      run.differed,
      run.missing,
      run.removed,
      run.unreadable,
      run.digest_before,
      run.digest_after,
      isFinished,
    ],
  )
}

/** Streams by id, after one. */
export async function listStreams(tx: Tx, afterId: string, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ order_id: string }>(
    'select order_id from order_events where version = 1 and order_id > $1 order by order_id limit $2',
    [afterId, limit],
  )
  return rows.map(({ order_id }) => order_id)
}

export type Digested = Pick<Order, 'order_id' | (typeof KEPT)[number]> & { digest: string }

const DIGEST = `encode(sha256(convert_to(o::text, 'UTF8')), 'hex') as digest`

/** Locks orders in id order: what no fact says of them, and a digest of every byte of each row. */
export async function lockDigested(tx: Tx, ids: readonly string[]): Promise<Digested[]> {
  const { rows } = await tx.query<Digested>(
    `select order_id, ${KEPT.join(', ')}, ${DIGEST}
     from order_stream o where order_id = any($1::uuid[]) order by order_id for update`,
    [ids],
  )
  return rows
}

/** Digests of rows that the caller has locked. */
export async function listDigests(
  tx: Tx,
  ids: readonly string[],
): Promise<Pick<Digested, 'order_id' | 'digest'>[]> {
  const { rows } = await tx.query<Digested>(
    `select order_id, ${DIGEST} from order_stream o where order_id = any($1::uuid[]) order by order_id`,
    [ids],
  )
  return rows
}

/** Streams as one value each: a rebuild reads a great many facts, and a row for each takes longer to read than to fold. */
export async function listStreamsOf(
  tx: Tx,
  ids: readonly string[],
): Promise<{ order_id: string; facts: Recorded[] }[]> {
  const { rows } = await tx.query<{ order_id: string; facts: Recorded[] }>(
    `select order_id, json_agg(json_build_object('version', version, 'type', type, 'data', data,
       'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by version) as facts
     from order_events where order_id = any($1::uuid[]) group by order_id`,
    [ids],
  )
  return rows
}

/** How many events were published about each order, as far as the archive reaches back. */
export async function countPublished(tx: Tx, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ key: string; pub_seq: number }>(
    `select key, max(pub_seq) as pub_seq from outbox where topic = 'order.v1' and key = any($1) group by key`,
    [ids],
  )
  return new Map(rows.map(({ key, pub_seq }) => [key, pub_seq]))
}

/** Takes away rows in (afterId, untilId] that no fact is known of, and their coordinator's memory. */
export async function deleteUntold(tx: Tx, afterId: string, untilId: string): Promise<string[]> {
  const { rows } = await tx.query<{ order_id: string }>(
    `select order_id from order_stream o where order_id > $1 and order_id <= $2
       and not exists (select from order_events e where e.order_id = o.order_id) for update`,
    [afterId, untilId],
  )
  const ids = rows.map(({ order_id }) => order_id)
  if (ids.length === 0) return ids
  tx.write('delete from tcc_tx where gid = any($1::uuid[])', [ids])
  tx.write('delete from order_stream where order_id = any($1::uuid[])', [ids])
  return ids
}
