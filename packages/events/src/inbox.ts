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
  const events = new Map(parsed.flatMap((one) => (one.event ? [[one.event.event_id, one] as const] : [])))
  const isRemembered = (id: string) => events.get(id)!.madeAtMs >= horizonMs
  // In the order of their ids: two transactions with the same events do not wait for each other in a circle.
  const remembered = [...events.keys()].filter(isRemembered).sort()
  const { rows } = await tx.query<{ parked: string[]; fresh: string[] }>(
    `with fresh as (
       insert into inbox (consumer, event_id, src, sent_at)
       select $1, e.event_id, $2, to_timestamp(e.sent_ms / 1000.0)
       from unnest($3::uuid[], $4::float8[]) as e(event_id, sent_ms)
       on conflict do nothing returning event_id)
     select array(select event_id::text from fresh) as fresh, array(
       select key from dead_letter
       where consumer = $1 and key = any($5::text[]) and status in ('DEAD', 'BLOCKED')) as parked`,
    [
      topic.number,
      topic.name,
      remembered,
      remembered.map((id) => events.get(id)!.record.timestampMs),
      isReplay ? [] : [...new Set(parsed.map(({ record }) => record.key))],
    ],
  )
  const { fresh: noted, parked: keys } = rows[0]!
  const parked = new Set(keys)
  const isParked = (id: string) => parked.has(events.get(id)!.record.key)
  forget(tx, topic.number, noted.filter(isParked))
  const forgotten = [...events.keys()].filter((id) => !isRemembered(id))
  const fresh = new Set([...noted, ...forgotten])
  const repeated = new Set(remembered.filter((id) => isParked(id) && !fresh.has(id)))
  return { fresh, parked, repeated }
}

/** Takes events out again, so that they count as new when they are replayed. */
export function forget(tx: Tx, consumer: number, eventIds: readonly string[]): void {
  if (eventIds.length === 0) return
  tx.write('delete from inbox where consumer = $1 and event_id = any($2::uuid[])', [consumer, eventIds])
}
