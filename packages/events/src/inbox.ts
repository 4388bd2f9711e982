import type { Tx } from './postgres/transaction.ts'
import { inboxHorizonMs } from './partitions.ts'
import type { ParsedRecord, Topic } from './subscription.ts'

interface Admission {
  /** Event ids that this consumer has not applied yet. */
  fresh: Set<string>
  /** Keys that wait behind a dead letter. */
  parked: Set<string>
  /** Events of parked keys that were applied before: repeats, which wait for nothing. */
  repeated: Set<string>
}

/**
 * Notes a chunk's events in the inbox and tells which of them are new.
 *
 * A twin transaction with the same event waits here until this one ends, so an event is applied once
 * even when two members of a group work on it. Events of parked keys are not noted. An event older
 * than the inbox keeps is called fresh: the sequence of its key decides about it.
 */
export async function admit(
  tx: Tx,
  topic: Topic,
  parsed: readonly ParsedRecord[],
  { nowMs, isReplay }: { nowMs: number; isReplay: boolean },
): Promise<Admission> {
  const horizonMs = inboxHorizonMs(nowMs)
  const events = [
    ...new Map(
      parsed.flatMap(({ event, ...rest }) => (event ? [[event.event_id, { event, ...rest }]] : [])),
    ).values(),
  ]
  const isRemembered = ({ madeAtMs }: ParsedRecord) => madeAtMs >= horizonMs
  const remembered = events.filter(isRemembered)
  const { rows } = await tx.query<{ parked: string[]; fresh: string[]; repeated: string[] }>(
    `with parked as (
       select distinct key from dead_letter
       where not $7 and consumer = $1 and key = any($6::text[]) and status in ('DEAD', 'BLOCKED')),
     fresh as (
       insert into inbox (consumer, event_id, src, sent_at)
       select $1, e.event_id, $2, to_timestamp(e.sent_ms / 1000.0)
       from unnest($3::uuid[], $4::text[], $5::float8[]) as e(event_id, key, sent_ms)
       where e.key not in (select key from parked)
       order by e.event_id
       on conflict do nothing returning event_id)
     select array(select key from parked) as parked, array(select event_id::text from fresh) as fresh,
       array(select i.event_id::text from unnest($3::uuid[], $4::text[]) as e(event_id, key)
         join parked using (key) join inbox i on i.event_id = e.event_id and i.consumer = $1) as repeated`,
    [
      topic.number,
      topic.name,
      remembered.map(({ event }) => event.event_id),
      remembered.map(({ event }) => event.key),
      remembered.map(({ record }) => record.timestampMs),
      [...new Set(parsed.map(({ record }) => record.key))],
      isReplay,
    ],
  )
  const { parked, fresh, repeated } = rows[0]!
  const forgotten = events.filter((parsed) => !isRemembered(parsed)).map(({ event }) => event.event_id)
  return { fresh: new Set([...fresh, ...forgotten]), parked: new Set(parked), repeated: new Set(repeated) }
}

/** Takes events out again, so that they count as new when they are replayed. */
export function forget(tx: Tx, consumer: number, eventIds: readonly string[]): void {
  if (eventIds.length === 0) return
  tx.write('delete from inbox where consumer = $1 and event_id = any($2::uuid[])', [consumer, eventIds])
}
