import type { Database } from '../postgres/database.ts'
import type { Tx } from '../postgres/transaction.ts'
import { forget } from '../inbox.ts'
import type { Outbox } from '../outbox.ts'
import type { ParsedRecord } from '../subscription.ts'

/** Base64 of a payload in the dead-letter topic; the table keeps all of it. */
const MAX_PUBLISHED_CHARS = 240 * 1024

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
  status: 'DEAD' | 'BLOCKED' | 'REPLAYED' | 'DISCARDED' | 'REFUSED'
  error_class: string | null
  error_message: string | null
  attempts: number
  first_failed_at: string
  updated_at: string
}

/** Where a consuming service's dead letters are published. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`
}

/** Where letters are kept and published. */
export interface DeadLetterDeps {
  database: Database
  outbox: Outbox
  /** The consuming service, as in the name of its dead-letter topics. */
  group: string
}

interface Verdict {
  status: 'DEAD' | 'BLOCKED'
  attempts: number
  error?: Error
}

/** Keeps a record that cannot be applied (DEAD) or has to wait behind one (BLOCKED). Its key stops, all others go on. */
export function insertLetter(
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
export async function markDead(deps: DeadLetterDeps, id: number, error: Error): Promise<void> {
  await deps.database.inTransaction(async (tx) => {
    const { rows } = await tx.query<DeadLetter>(
      `update dead_letter set status = 'DEAD', error_class = $2, error_message = $3, attempts = attempts + 1, updated_at = now()
       where id = $1 and status = 'BLOCKED' returning *`,
      [id, error.constructor.name, messageOf(error)],
    )
    if (rows[0] !== undefined) await publish(tx, deps, rows[0])
  })
}

/** Parks a record that failed for good, unless a twin has applied it in the meantime. */
export async function park(
  deps: DeadLetterDeps,
  consumer: number,
  parsed: ParsedRecord,
  verdict: { attempts: number; error: Error },
): Promise<void> {
  await deps.database.inTransaction(async (tx) => {
    const id = parsed.event?.event_id
    const { topic, topicId, partition } = parsed.source
    if (id !== undefined) {
      const noted = await tx.query(
        'insert into inbox (consumer, event_id, src) values ($1, $2, $3) on conflict do nothing returning event_id',
        [consumer, id, topic],
      )
      if (noted.rows.length === 0) return
    }
    insertLetter(tx, consumer, parsed, { status: 'DEAD', ...verdict })
    if (id !== undefined) forget(tx, consumer, [id])
    const { rows } = await tx.query<DeadLetter>(
      `select * from dead_letter
       where consumer = $1 and topic_id = $2 and part = $3 and off = $4 and status = 'DEAD' and dlq_seq is null`,
      [consumer, topicId, partition, parsed.record.offset],
    )
    if (rows[0] !== undefined) await publish(tx, deps, rows[0])
  })
}

/** Publishes the letter to the dead-letter topic as an event of its own, with the original headers and bytes in it. */
async function publish(tx: Tx, { outbox, group }: DeadLetterDeps, letter: DeadLetter): Promise<void> {
  const { rows } = await tx.query<{ dlq_seq: number }>(
    `update dead_letter set dlq_seq = 1 + coalesce(
       (select max(dlq_seq) from dead_letter where consumer = $1 and key = $2), 0)
     where id = $3 returning dlq_seq`,
    [letter.consumer, letter.key, letter.id],
  )
  const payload = letter.payload?.toString('base64') ?? null
  outbox.emit(tx, [
    {
      type: { type: 'dead_letter.parked.v1', topic: deadLetterTopic(letter.topic, group) },
      key: `dlq:${letter.consumer}:${letter.key}`,
      sequence: rows[0]!.dlq_seq,
      data: {
        payload_base64: payload?.slice(0, MAX_PUBLISHED_CHARS) ?? null,
        is_cut: payload !== null && payload.length > MAX_PUBLISHED_CHARS,
      },
      cause: undefined,
      headers: {
        ...originals(letter.headers),
        'x-dlq-topic': letter.topic,
        'x-dlq-partition': String(letter.part),
        'x-dlq-offset': String(letter.off),
        'x-dlq-consumer': group,
        'x-dlq-error-class': letter.error_class ?? '',
        'x-dlq-error-message': letter.error_message ?? '',
        'x-dlq-attempts': String(letter.attempts),
        'x-dlq-first-failed-at': letter.first_failed_at,
      },
    },
  ])
}

function originals(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [`x-dlq-original-${name}`, value]))
}

export async function countOpen(database: Database): Promise<{ DEAD: number; BLOCKED: number }> {
  const { rows } = await database.query<{ DEAD: number; BLOCKED: number }>(
    `select count(*) filter (where status = 'DEAD')::int as "DEAD",
       count(*) filter (where status = 'BLOCKED')::int as "BLOCKED"
     from dead_letter where status in ('DEAD', 'BLOCKED')`,
  )
  return rows[0]!
}

/** The first letter of each key that no dead letter blocks any more. */
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
