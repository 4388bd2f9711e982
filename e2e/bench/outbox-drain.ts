import { createKafkaBroker } from '@lepton/events/kafka/broker'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { createOutbox } from '@lepton/events/outbox'
import { startRelay } from '@lepton/events/relay'
import { newId } from '@lepton/common/runtime/id'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { OrderCompleted } from '@lepton/contracts/order'
import { until } from '@lepton/testing/until'

const WRITERS = 4
const EVENTS_PER_TRANSACTION = 100
const EVENTS_PER_KEY = 5

export interface Drain {
  /** Events that one relay brought from a backlog to Kafka's acknowledgement. */
  drainedPerS: number
  /** Events that were committed, each transaction flushed, while the relay sent them: from the first to the last acknowledged. */
  publishedPerS: number
}

/** One relay on a database of its own: a backlog first, then events that are written at the same time. */
export async function measureOutboxDrain(
  databaseUrl: string,
  kafka: KafkaAccess,
  events: number,
): Promise<Drain> {
  const log = createLog({ service: 'bench', instance: 'bench', level: 'warn' })
  const metrics = createMetrics()
  const database = createDatabase({ url: databaseUrl, poolSize: WRITERS + 1 }, log, metrics)
  const outbox = createOutbox('/bench/a')
  const broker = createKafkaBroker({ ...kafka, clientId: 'bench' }, log)

  async function write(): Promise<void> {
    let left = events / EVENTS_PER_TRANSACTION
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (left-- > 0)
          await database.inTransaction((tx) => Promise.resolve(outbox.emit(tx, someEvents())))
      }),
    )
  }
  const isDrained = async () => (await database.query('select from outbox_pending limit 1')).rows.length === 0
  const drained = () => until('the outbox to be empty', isDrained, { timeoutMs: 120_000, everyMs: 20 })

  await write()
  const backlogAt = performance.now()
  const relay = startRelay({ database, broker, outbox, log, metrics })
  await drained()
  const drainedPerS = (events / (performance.now() - backlogAt)) * 1000
  const liveAt = performance.now()
  await write()
  await drained()
  const publishedPerS = (events / (performance.now() - liveAt)) * 1000
  await relay.stop()
  await broker.close()
  await database.close()
  return { drainedPerS, publishedPerS }
}

function someEvents() {
  return Array.from({ length: EVENTS_PER_TRANSACTION / EVENTS_PER_KEY }, newId).flatMap((key) =>
    Array.from({ length: EVENTS_PER_KEY }, (_, index) => ({
      type: OrderCompleted,
      key,
      sequence: index + 1,
      data: { order_id: key },
      cause: undefined,
    })),
  )
}
