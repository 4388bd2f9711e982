import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, Uuid } from './fields.ts'
import { route } from './route.ts'

// Events of others: kept in the event store for good, and published on a topic of their own.

const EventType = z
  .string()
  .max(100)
  .regex(
    /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\.v[1-9][0-9]{0,3}$/,
    'must be a name and a version, such as note.taken.v1',
  )
  .meta({ examples: ['note.taken.v1'] })

/** What PostgreSQL has no place for in JSON: U+0000, and halves of characters. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

const Json = z
  .record(z.string(), z.unknown())
  .refine((value) => !UNSTORABLE.test(JSON.stringify(value)), 'must not hold U+0000 or lone surrogates')
const EXAMPLE = {
  event_type: 'note.taken.v1',
  schema: { type: 'object', properties: { text: { type: 'string', maxLength: 200 } }, required: ['text'] },
}

const KnownType = z.object({ event_type: z.string(), schema: Json, events: z.int(), at: Instant })
const RecordedEvent = z.object({
  event_id: Uuid,
  event_type: z.string(),
  /** Its place among those of its type, from 1, without gaps. */
  version: z.int(),
  event_data: Json,
  at: Instant,
})

const operator = { owner: 'order', access: ['operator'] } as const

export const registerEventType = route({
  ...operator,
  operation: 'register_event_type',
  method: 'POST',
  path: '/event-type',
  summary: 'Make a type of events known, with the JSON Schema that the data of each must meet',
  body: z.strictObject({ event_type: EventType, schema: Json }).meta({ examples: [EXAMPLE] }),
  answers: { 200: KnownType.extend({ status: z.literal('success') }) },
  problems: ['event-type-taken'],
})

export const listEventTypes = route({
  ...operator,
  operation: 'list_event_types',
  method: 'GET',
  path: '/event-type',
  summary: 'The types of events that may be recorded',
  answers: { 200: z.object({ items: z.array(KnownType) }) },
  problems: [],
})

export const recordEvent = route({
  ...operator,
  operation: 'record_event',
  method: 'POST',
  path: '/event',
  summary: 'Append an event of a known type to the event store, and publish it on events.v1',
  idempotency: 'optional',
  body: z
    .strictObject({ event_type: EventType, event_data: Json })
    .meta({ examples: [{ event_type: 'note.taken.v1', event_data: { text: 'hello' } }] }),
  answers: {
    200: RecordedEvent.extend({ status: z.literal('success'), message: z.string() }),
  },
  problems: ['unknown-event-type'],
})

export const listRecordedEvents = route({
  ...operator,
  operation: 'list_recorded_events',
  method: 'GET',
  path: '/event',
  summary: 'Recorded events of one type, oldest first',
  query: z.strictObject({ event_type: EventType, cursor: Cursor.optional(), limit: Limit.default(50) }),
  answers: { 200: pageOf(RecordedEvent) },
  problems: ['unknown-event-type'],
})

export const RECORDED_EVENT_ROUTES = [registerEventType, listEventTypes, recordEvent, listRecordedEvents]
