import type { BrokerRecord } from '../broker.ts'
import type { Database } from '../postgres/database.ts'
import type { RecordSource, Topic } from '../subscription.ts'

/** Of one topic at a time; later ones are counted and logged only. */
const MAX_KEPT = 1_000
const MAX_PAYLOAD_BYTES = 16 * 1024
const MAX_TEXT = 1_000
const MAX_HEADERS = 40

export interface Untrusted {
  record: BrokerRecord
  why: string
}

/**
 * Keeps records that cannot be believed where operators see them, as REFUSED: they stop no key, count for no
 * position, and are never replayed. Nothing that they claim is taken for true, so neither id nor position is noted.
 */
export async function keepUntrusted(
  database: Database,
  { number: consumer }: Topic,
  { topic, topicId, partition }: RecordSource,
  untrusted: readonly Untrusted[],
): Promise<void> {
  await database.query(
    `insert into dead_letter (consumer, topic, topic_id, part, key, off, headers, payload, error_message, status, error_class)
     select $1, $2, $3, $4, one.*, 'REFUSED', 'Untrusted'
     from unnest($5::text[], $6::bigint[], $7::jsonb[], $8::bytea[], $9::text[]) one
     limit greatest(0, $10 - (select count(*) from dead_letter where consumer = $1 and status = 'REFUSED'))
     on conflict (consumer, topic_id, part, off) do nothing`,
    [
      consumer,
      topic,
      topicId,
      partition,
      untrusted.map(({ record: { key } }) => storable(key)),
      untrusted.map(({ record: { offset } }) => offset),
      untrusted.map(({ record: { headers } }) => JSON.stringify(storableHeaders(headers))),
      untrusted.map(({ record: { value } }) => value?.subarray(0, MAX_PAYLOAD_BYTES) ?? null),
      untrusted.map(({ why }) => why),
      MAX_KEPT,
    ],
  )
}

function storableHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const some = Object.entries(headers).slice(0, MAX_HEADERS)
  return Object.fromEntries(some.map(([name, text]) => [storable(name), storable(text)]))
}

/** Cut, and without what PostgreSQL takes in no text: a record must not stop its partition by what it is called. */
function storable(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll('\0', '\ufffd').toWellFormed()
}
