import { isDeepStrictEqual } from 'node:util'
import { answer, type Endpoint } from '@lepton/common/http/app'
import { nameOf } from '@lepton/common/http/auth'
import { decodeCursor, encodeCursor, isCount } from '@lepton/common/runtime/cursor'
import { newId } from '@lepton/common/runtime/id'
import {
  listEventTypes,
  listRecordedEvents,
  recordEvent,
  registerEventType,
} from '@lepton/contracts/recorded-events'
import { RECORDED_EVENTS_TOPIC } from '@lepton/contracts/topics'
import { audit } from '@lepton/events/audit'
import { idempotently } from '@lepton/events/idempotency'
import { refuse } from '@lepton/shop/refuse'
import type { Deps } from './deps.ts'
import { faultsIn, readSchema } from './event-schema.ts'
import {
  appendEvent,
  countTypes,
  findType,
  insertType,
  listEvents,
  listTypes,
} from './recorded-event-store.ts'

const MAX_TYPES = 200

/** Events of others in the event store: checked, kept for good, and published like the shop's own. */
export function recordedEventRoutes({ database, outbox }: Pick<Deps, 'database' | 'outbox'>): Endpoint[] {
  return [
    answer(registerEventType, async ({ body: { event_type, schema }, caller, path }) => {
      readSchema(schema)
      const known = await database.inTransaction(async (tx) => {
        if ((await findType(tx, event_type)) === undefined && (await countTypes(tx)) >= MAX_TYPES)
          throw refuse('overloaded', `${MAX_TYPES} types are registered: there is no room for another.`)
        const who = nameOf(caller)
        const type = await insertType(tx, { event_type, schema, who })
        if (!isDeepStrictEqual(type.schema, schema))
          throw refuse('event-type-taken', `${event_type} is known with another schema.`)
        audit(
          tx,
          { who, reason: `POST ${path}` },
          { action: 'event type', target: event_type, result: 'known' },
        )
        return type
      })
      return { status: 200, body: { status: 'success', ...known } }
    }),

    answer(listEventTypes, async () => ({ status: 200, body: { items: await listTypes(database) } })),

    answer(recordEvent, ({ body, caller, path, idempotencyKey: key }) =>
      idempotently(database, { owner: caller.subject, route: path, key, body }, async (tx) => {
        const { event_type, event_data } = body
        const type = await findType(tx, event_type)
        if (type === undefined) throw await unknownType(database, event_type)
        const errors = faultsIn(event_data, type.schema)
        if (errors.length > 0)
          throw refuse('invalid-request', `The data is not as the schema of ${event_type} says.`, { errors })
        const event = await appendEvent(tx, {
          event_id: newId(),
          event_type,
          event_data,
          who: nameOf(caller),
        })
        outbox.emit(tx, [
          {
            type: { type: event_type, topic: RECORDED_EVENTS_TOPIC.name },
            key: event_type,
            sequence: event.version,
            data: event_data,
            cause: undefined,
          },
        ])
        const message = `${event_type} is recorded as version ${event.version}.`
        return { status: 200, body: { status: 'success', message, ...event } }
      }),
    ),

    answer(listRecordedEvents, async ({ query: { event_type, cursor, limit } }) => {
      if ((await findType(database, event_type)) === undefined) throw await unknownType(database, event_type)
      const after = cursor === undefined ? 0 : Number(decodeCursor(cursor, [isCount])[0])
      const items = await listEvents(database, event_type, after, limit)
      const last = items.length === limit ? items.at(-1) : undefined
      return {
        status: 200,
        body: { items, next_cursor: last === undefined ? null : encodeCursor([last.version]) },
      }
    }),
  ]
}

async function unknownType(database: Deps['database'], eventType: string) {
  const known = (await listTypes(database)).map(({ event_type }) => event_type)
  return refuse(
    'unknown-event-type',
    `${eventType} is not registered. Known: ${known.length === 0 ? 'none' : known.join(', ')}.`,
  )
}
