import type { Database, Tx } from '../postgres.ts'
import { forget } from './inbox.ts'
import type { ParsedRecord } from './subscription.ts'

export interface DeadLetter {
  id: number
  consumer: number
  key: string
  pub_seq: number | null
  event_id: string | null
  topic: string
  topic_id: string
  part: number
  off: number
  headers: Record<string, string>
  payload: Buffer | null
  status: 'DEAD' | 'BLOCKED' | 'REPLAYED' | 'DISCARDED'
}

interface Verdict {
  status: 'DEAD' | 'BLOCKED'
  attempts: number
  error?: Error
}

/** Keeps a record that cannot be applied (DEAD) or has to wait behind one (BLOCKED). Its key stops, all others go on. */
export function park(
  tx: Tx,
  consumer: number,
  { record, event, source: { topic, topicId, partition } }: ParsedRecord,
  { status, attempts, error }: Verdict,
): void {
  lockKey(tx, consumer, record.key)
  tx.write(
    `insert into dead_letter (consumer, key, pub_seq, event_id, topic, topic_id, part, off, headers, payload,
       status, error_class, error_message, attempts)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (consumer, topic_id, part, off) do nothing`,
    [
      consumer,
      record.key,
      event?.sequence ?? null,
      event?.event_id ?? null,
      topic,
      topicId,
      partition,
      record.offset,
      JSON.stringify(record.headers),
      record.value,
      status,
      error?.constructor.name ?? null,
      error === undefined ? null : messageOf(error),
      attempts,
    ],
  )
}

function messageOf(error: Error): string {
  const cause = error.cause as Error | undefined
  return [error.message, cause?.message].filter(Boolean).join(': ').slice(0, 2_000)
}

/** A letter that waited turns out to be poisonous itself when its turn comes. */
export async function condemn(database: Database, id: number, error: Error): Promise<void> {
  await database.query(
    `update dead_letter set status = 'DEAD', error_class = $2, error_message = $3, attempts = attempts + 1, updated_at = now()
     where id = $1 and status = 'BLOCKED'`,
    [id, error.constructor.name, messageOf(error)],
  )
}

/** Parks a record that failed for good, unless a twin has applied it in the meantime. */
export async function bury(
  database: Database,
  consumer: number,
  parsed: ParsedRecord,
  verdict: { attempts: number; error: Error },
): Promise<void> {
  await database.inTransaction(async (tx) => {
    const id = parsed.event?.event_id
    if (id !== undefined) {
      const noted = await tx.query(
        'insert into inbox (consumer, event_id, src) values ($1, $2, $3) on conflict do nothing returning event_id',
        [consumer, id, parsed.source.topic],
      )
      if (noted.rows.length === 0) return
    }
    park(tx, consumer, parsed, { status: 'DEAD', ...verdict })
    if (id !== undefined) forget(tx, consumer, [id])
  })
}

export async function countOpen(database: Database): Promise<{ DEAD: number; BLOCKED: number }> {
  const { rows } = await database.query<{ DEAD: number; BLOCKED: number }>(
    `select count(*) filter (where status = 'DEAD')::int as "DEAD",
       count(*) filter (where status = 'BLOCKED')::int as "BLOCKED"
     from dead_letter where status in ('DEAD', 'BLOCKED')`,
  )
  return rows[0]!
}

/** Letters that nothing dead stands before any more, each key's first. */
export async function findReplayable(
  database: Database,
  limit: number,
): Promise<{ id: number; consumer: number }[]> {
  const { rows } = await database.query<{ id: number; consumer: number }>(
    `select distinct on (consumer, key) id, consumer from dead_letter l
     where status = 'BLOCKED' and not exists (
       select from dead_letter d where d.consumer = l.consumer and d.key = l.key and d.status = 'DEAD')
     order by consumer, key, pub_seq nulls first, id limit $1`,
    [limit],
  )
  return rows
}

export function setStatus(tx: Tx, id: number, status: DeadLetter['status']): void {
  tx.write('update dead_letter set status = $2, updated_at = now() where id = $1', [id, status])
}

export function lockKey(tx: Tx, consumer: number, key: string): void {
  tx.write('select pg_advisory_xact_lock($1, hashtext($2))', [consumer, key])
}
