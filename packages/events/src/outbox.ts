import { newId } from '@lepton/common/runtime/id'
import { createListeners } from '@lepton/common/runtime/listeners'
import type { Log } from '@lepton/common/runtime/log'
import { LRUCache } from 'lru-cache'
import type { Tx } from './postgres/transaction.ts'
import { keepTrace } from '@lepton/common/runtime/trace'
import type { OutgoingRecord } from './broker.ts'
import { type OutgoingEvent, versionOf } from './event.ts'

const MAX_EVENT_BYTES = 256 * 1024
/** So many events of a shard are looked at for an earlier one of the same key; behind more, one may be. */
const LOOKED_AT = 8
/** Keys of which it is known what is on the log; of a key that was forgotten, an event waits until its predecessor's row is gone. */
const MAX_KEYS = 2_000

/** Where everything of its key before it is on the log, it `is_next` and may go there at once; otherwise it has no payload here. */
export type CommittedEvent =
  (PendingEvent & { is_next: true }) | (Omit<PendingEvent, 'payload'> & { payload: null; is_next: false })

export interface Outbox {
  /**
   * Writes events into the outbox as part of the caller's transaction: they are published if, and
   * only if, it commits.
   *
   * The caller holds the lock on each key's head row and has written it, so that ids are given in
   * commit order per key; `sequence` comes from that row.
   *
   * @throws RangeError for an event above 256 KiB: Kafka would always refuse it
   */
  emit(tx: Tx, events: readonly OutgoingEvent[]): void
  /** The listener gets the events of each committed emit, in the order of their ids. */
  onEmit(listener: (events: readonly CommittedEvent[]) => void): void
  /** These are on the log: the next of their keys need not wait until their rows are gone. */
  noteOnLog(events: readonly { key: string; event_id: string }[]): void
}

/**
 * @param source the URI-reference of this instance, as `ce_source`
 * @param log gets a line for each event, with `order_id`
 */
export function createOutbox(source: string, { log }: { log?: Log } = {}): Outbox {
  const emitted = createListeners<readonly CommittedEvent[]>()
  const onLog = new LRUCache<string, readonly string[]>({ max: MAX_KEYS })

  function insert(tx: Tx, rows: readonly OutboxRow[]): void {
    let placed: PlacedRow[] = []
    const sent = [...new Set(rows.map(({ key }) => key))].flatMap((key) => onLog.get(key) ?? [])
    tx.write<PlacedRow>(INSERT, [JSON.stringify(rows), LOOKED_AT, sent], (inserted) => {
      placed = inserted
    })
    tx.afterCommit(() => {
      emitted.notify(committed(rows, placed))
      for (const { type, headers } of rows) {
        log?.info(
          { order_id: headers.ce_correlationid, event: type, trace_id: traceIdOf(headers) },
          'event recorded',
        )
      }
    })
  }

  return {
    onEmit: emitted.add,
    noteOnLog: (events) => {
      for (const { key, event_id } of events) {
        const known = onLog.get(key) ?? []
        if (!known.includes(event_id)) onLog.set(key, [...known, event_id].slice(-LOOKED_AT))
      }
    },
    emit: (tx, events) => {
      if (events.length === 0) return
      const rows = events.map((event) => outboxRow(event, source))
      insert(tx, rows)
    },
  }
}

// pg_current_xact_id() comes before nextval: the relay's floor relies on an id belonging to a transaction that
// snapshots can see. No other transaction can commit an event of a key while its head row is locked here, so what the statement sees
// of it is all there is. A row without a key was written by an earlier release, and may be of any. $3 lists events that are on the log
// though their rows may still be there; of a row that was put back nothing is known, since the log that had it may be gone.
const INSERT = `
  with started as materialized (select pg_current_xact_id()),
  new as (
    insert into outbox (event_id, topic, key, pub_seq, type, schema_version, payload, headers)
    select e.event_id, e.topic, e.key, e.pub_seq, e.type, e.schema_version, e.payload, e.headers
    from started,
      rows from (jsonb_to_recordset($1::jsonb) as (event_id uuid, topic text, key text, pub_seq int,
        type text, schema_version smallint, payload jsonb, headers jsonb)) with ordinality as
      e(event_id, topic, key, pub_seq, type, schema_version, payload, headers, position)
    order by e.position
    returning id, created_at, key, event_id),
  placed as (
    insert into outbox_pending (shard, id, created_at, key, event_id)
    select mod(hashtextextended(key, 0) & 32767, 16), id, created_at, key, event_id from new
    returning shard, id, key, event_id)
  select placed.event_id, placed.id, placed.shard, l.epoch, earlier.are_sent as is_next
  from placed join relay_lease l using (shard), lateral (
    select count(*) < $2 and not coalesce(bool_or(
      p.key is null or p.key = placed.key and (p.is_again or p.event_id::text <> all ($3::text[]))), false) as are_sent
    from (
      select key, event_id, is_again from outbox_pending
      where shard = placed.shard and id > l.floor order by id limit $2) p) earlier
  order by placed.id`

type PlacedRow = Pick<CommittedEvent, 'event_id' | 'id' | 'shard' | 'epoch' | 'is_next'>

function committed(rows: readonly OutboxRow[], placed: readonly PlacedRow[]): CommittedEvent[] {
  const byId = new Map(rows.map((row) => [row.event_id, row]))
  return placed.map((place): CommittedEvent => {
    const { payload, ...row } = byId.get(place.event_id)!
    const event = { ...row, ...place }
    return event.is_next
      ? { ...event, is_next: true, payload: JSON.stringify(payload) }
      : { ...event, is_next: false, payload: null }
  })
}

type OutboxRow = ReturnType<typeof outboxRow>

function outboxRow(
  { type, key, sequence, data, cause, correlationId, headers }: OutgoingEvent,
  source: string,
) {
  const event_id = newId()
  // A timer's work has no trace of its own: it goes on with the trace of what caused it.
  const { traceparent, tracestate } = keepTrace(cause)
  const size = Buffer.byteLength(JSON.stringify(data))
  if (size > MAX_EVENT_BYTES) throw new RangeError(`${type.type} of ${key} has ${size} bytes`)
  return {
    event_id,
    topic: type.topic,
    key,
    pub_seq: sequence,
    type: type.type,
    schema_version: versionOf(type.type).version,
    payload: data,
    // Those that the columns do not tell: see recordOf.
    headers: {
      ce_source: source,
      ce_time: new Date().toISOString(),
      ce_correlationid: correlationId ?? key,
      ...(typeof cause?.event_id === 'string' && { ce_causationid: cause.event_id }),
      ...(traceparent !== null && { traceparent }),
      ...(tracestate !== null && { tracestate }),
      ...headers,
    },
  }
}

function traceIdOf({ traceparent }: { traceparent?: string }): string | undefined {
  return traceparent?.slice(3, 35)
}

/** A row of the archive, with its payload as text. */
export interface ArchivedEvent {
  event_id: string
  topic: string
  key: string
  pub_seq: number
  type: string
  payload: string
  headers: Record<string, string>
}

/** An event that is still to be sent, with its place in the outbox. */
export interface PendingEvent extends ArchivedEvent {
  shard: number
  id: number
  /** Of the shard, when the event was read: see `republish`. */
  epoch: number
}

/** An event as it goes to Kafka, as a CloudEvent in binary mode (CloudEvents 1.0, Kafka protocol binding). */
export function recordOf({
  event_id,
  topic,
  key,
  pub_seq,
  type,
  payload,
  headers,
}: ArchivedEvent): OutgoingRecord {
  const fromColumns = {
    ce_specversion: '1.0',
    ce_id: event_id,
    ce_type: type,
    ce_subject: key,
    ce_sequence: String(pub_seq),
    'content-type': 'application/json',
  }
  return { topic, key, value: payload, headers: { ...fromColumns, ...headers } }
}
