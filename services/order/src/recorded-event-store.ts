import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'

export interface KnownType {
  event_type: string
  schema: Record<string, unknown>
  events: number
  at: string
}

export interface RecordedEvent {
  event_id: string
  event_type: string
  version: number
  event_data: Record<string, unknown>
  at: string
}

type Reader = Pick<Database, 'query'> | Tx

/** Makes a type known, unless it is; gives it as it is known then. */
export async function insertType(
  tx: Tx,
  { event_type, schema, who }: Pick<KnownType, 'event_type' | 'schema'> & { who: string },
): Promise<KnownType> {
  tx.write('insert into event_types (event_type, schema, who) values ($1, $2, $3) on conflict do nothing', [
    event_type,
    JSON.stringify(schema),
    who,
  ])
  return (await findType(tx, event_type))!
}

export async function findType(reader: Reader, eventType: string): Promise<KnownType | undefined> {
  const { rows } = await reader.query<KnownType>(
    'select event_type, schema, events, at from event_types where event_type = $1',
    [eventType],
  )
  return rows[0]
}

export async function countTypes(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ types: number }>('select count(*)::int as types from event_types')
  return rows[0]!.types
}

export async function listTypes(reader: Reader): Promise<KnownType[]> {
  const { rows } = await reader.query<KnownType>(
    'select event_type, schema, events, at from event_types order by event_type',
  )
  return rows
}

/** Appends an event behind the last one of its type, whose row is the lock that orders them. */
export async function appendEvent(
  tx: Tx,
  { event_id, event_type, event_data, who }: Omit<RecordedEvent, 'version' | 'at'> & { who: string },
): Promise<RecordedEvent> {
  const { rows } = await tx.query<RecordedEvent>(
    `with next as (update event_types set events = events + 1 where event_type = $1 returning events)
     insert into recorded_events (event_type, version, event_id, event_data, who, at)
     select $1, events, $2, $3, $4, date_trunc('milliseconds', now()) from next
     returning event_id, event_type, version, event_data, at`,
    [event_type, event_id, JSON.stringify(event_data), who],
  )
  return rows[0]!
}

export async function listEvents(
  reader: Reader,
  eventType: string,
  after: number,
  limit: number,
): Promise<RecordedEvent[]> {
  const { rows } = await reader.query<RecordedEvent>(
    `select event_id, event_type, version, event_data, at from recorded_events
     where event_type = $1 and version > $2 order by version limit $3`,
    [eventType, after, limit],
  )
  return rows
}
