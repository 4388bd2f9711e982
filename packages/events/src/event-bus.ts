import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { Unavailable } from '@lepton/common/runtime/problem'
import type { Broker } from './broker.ts'
import { startConsumer } from './consume.ts'
import type { EventType, IncomingEvent } from './event.ts'
import { createKafkaBroker } from './kafka/broker.ts'
import type { KafkaAccess } from './kafka/settings.ts'
import { createTopics } from './kafka/topics.ts'
import { createOutbox } from './outbox.ts'
import { maintainPartitions } from './partitions.ts'
import { migrate } from './postgres/migrate.ts'
import { createDatabase, type Database } from './postgres/database.ts'
import { isPassingFault } from './postgres/faults.ts'
import type { Tx } from './postgres/transaction.ts'
import { startRelay } from './relay.ts'
import { Poison } from './poison.ts'
import { type Subscription, subscription, type Topic } from './subscription.ts'

export interface BusTopic extends Topic {
  /** Fixed for the life of the topic: a key must stay in its partition. */
  partitions: number
  retentionMs: number
}

export type Handler<T> = (event: IncomingEvent<T>, tx: Tx) => Promise<void>

export interface BusEvent<T> {
  type: EventType<T>
  /** Events of one key are handled in the order in which they were published. */
  key: string
  data: T
}

export interface EventBus {
  /** For tables of one's own, and for transactions that publish. */
  database: Database
  /**
   * Publishes an event if, and only if, the transaction commits: `tx`, or one of its own.
   *
   * @throws ZodError, or what else the type's `parse` throws, for data that no consumer could read
   */
  publish<T>(event: BusEvent<T>, tx?: Tx): Promise<void>
  /**
   * Has a function called with every event of a type, from the earliest that Kafka still has. Its changes in `tx`
   * happen exactly once for each event, and in order per key. Whatever it does elsewhere may happen again.
   *
   * Where it throws, its changes are undone. After `Unavailable`, or when the database is away, the event comes again for
   * as long as it takes. After any other error it comes again four times; then it is a dead letter, which stops its key only.
   *
   * @throws Error after `start`, or for a type that has a handler
   */
  subscribe<T>(type: EventType<T>, handler: Handler<T>): void
  /** Starts to publish and to consume. */
  start(): void
  stop(): Promise<void>
}

export interface BusDeps {
  database: Database
  broker: Broker
  topics: readonly BusTopic[]
  /** The consuming service: its instances share the events between them. */
  group: string
  log: Log
  metrics: Metrics
}

const BUS_TABLES = new URL('../sql/bus/', import.meta.url)

/** Opens a bus on a database and a Kafka: makes the tables and topics that are missing. */
export async function openEventBus({
  databaseUrl,
  brokers,
  sasl,
  tls,
  ...options
}: Omit<BusDeps, 'database' | 'broker'> & KafkaAccess & { databaseUrl: string }): Promise<EventBus> {
  const { log, metrics, topics, group } = options
  const database = createDatabase({ url: databaseUrl, poolSize: 10 }, log, metrics)
  const access = { brokers, ...(sasl && { sasl }), ...(tls && { tls }) }
  await createTopics(
    access,
    topics.map(({ name: topic, partitions, retentionMs }) => ({ topic, partitions, retentionMs })),
    { log },
  )
  const broker = createKafkaBroker({ ...access, clientId: group }, log)
  await prepareBus(database, log)
  const bus = createEventBus({ ...options, database, broker })
  return {
    ...bus,
    stop: async () => {
      await bus.stop()
      await broker.close()
      await database.close()
    },
  }
}

/** Makes the tables of a bus, and today's partitions of them. */
export async function prepareBus(database: Database, log: Log): Promise<void> {
  await migrate(database, { folder: BUS_TABLES, table: 'bus_migrations' }, log)
  await maintainPartitions(database)
}

/** A bus over an outbox, a relay and a consumer. */
export function createEventBus(deps: BusDeps): EventBus {
  const { database, topics, group, log } = deps
  const outbox = createOutbox(`/${group}`, { log })
  const handlers = new Map<string, { type: EventType; handler: Handler<unknown> }>()
  let parts: { stop(): Promise<void> }[] | undefined

  async function publish<T>({ type, key, data }: BusEvent<T>, tx: Tx): Promise<void> {
    const parsed = type.data.parse(data)
    const { rows } = await tx.query<{ pub_seq: number }>(
      `insert into bus_stream (topic, key, pub_seq) values ($1, $2, 1)
       on conflict (topic, key) do update set pub_seq = bus_stream.pub_seq + 1 returning pub_seq`,
      [type.topic, key],
    )
    outbox.emit(tx, [{ type, key, sequence: rows[0]!.pub_seq, data: parsed, cause: undefined }])
  }

  return {
    database,
    publish: (event, tx) =>
      tx === undefined ? database.inTransaction((own) => publish(event, own)) : publish(event, tx),
    subscribe: (type, handler) => {
      if (parts !== undefined) throw new Error('subscribe before start')
      if (handlers.has(type.type)) throw new Error(`${type.type} has a handler`)
      handlers.set(type.type, { type, handler: handler as Handler<unknown> })
    },
    start: () => {
      const subscribed = topics.flatMap((topic) => {
        const ofTopic = [...handlers.values()].filter(({ type }) => type.topic === topic.name)
        return ofTopic.length === 0 ? [] : [toHandlers(topic, ofTopic)]
      })
      const consuming =
        subscribed.length === 0 ? [] : [startConsumer({ ...deps, outbox }, subscribed, { group })]
      parts = [startRelay({ ...deps, outbox }), ...consuming]
    },
    stop: async () => {
      for (const part of parts?.toReversed() ?? []) await part.stop()
    },
  }
}

interface Positions {
  last: Map<string, number>
  due: IncomingEvent[]
}

function toHandlers(
  topic: Topic,
  handlers: readonly { type: EventType; handler: Handler<unknown> }[],
): Subscription {
  const handlerOf = new Map(handlers.map(({ type, handler }) => [type.type, handler]))
  return subscription<Positions>({
    topic,
    events: handlers.map(({ type }) => type),
    load: async (tx, events) => {
      const keys = [...new Set(events.map(({ key }) => key))].sort()
      tx.write(
        'insert into bus_position (topic_no, key) select $1, unnest($2::text[]) on conflict do nothing',
        [topic.number, keys],
      )
      const { rows } = await tx.query<{ key: string; last_seq: number }>(
        'select key, last_seq from bus_position where topic_no = $1 and key = any($2) order by key for update',
        [topic.number, keys],
      )
      return { last: new Map(rows.map(({ key, last_seq }) => [key, last_seq])), due: [] }
    },
    position: ({ last }, key) => last.get(key)!,
    advance: ({ last }, key, sequence) => void last.set(key, sequence),
    apply: ({ due }, event) => void due.push(event),
    store: async (tx, { last, due }) => {
      for (const event of due) await handle(handlerOf.get(event.type)!, event, tx)
      tx.write(
        `update bus_position p set last_seq = s.last_seq
         from unnest($2::text[], $3::int[]) as s(key, last_seq) where p.topic_no = $1 and p.key = s.key`,
        [topic.number, [...last.keys()], [...last.values()]],
      )
    },
  })
}

async function handle(handler: Handler<unknown>, event: IncomingEvent, tx: Tx): Promise<void> {
  try {
    await handler(event, tx)
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Poison || isPassingFault(error)) throw error
    throw new Poison(`the handler of ${event.type} failed: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
