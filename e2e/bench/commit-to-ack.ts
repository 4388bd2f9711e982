import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Broker } from '@lepton/events/broker'
import { createKafkaBroker } from '@lepton/events/kafka/broker'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { createOutbox } from '@lepton/events/outbox'
import { maintainPartitions } from '@lepton/events/partitions'
import { startRelay } from '@lepton/events/relay'
import { newId } from '@lepton/common/runtime/id'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { migrate } from '@lepton/events/postgres/migrate'
import { createDatabase } from '@lepton/events/postgres/database'
import { OrderCompleted } from '@lepton/contracts/order'
import { until } from '@lepton/testing/until'
import { percentile } from './percentiles.ts'

const WARM_UP = 100

export interface CommitToAck {
  p50Ms: number
  p99Ms: number
}

/** Two instances of a relay on an idle outbox, which share its shards: the time from a commit to Kafka's acknowledgement. */
export async function measureCommitToAck(
  databaseUrl: string,
  kafka: KafkaAccess,
  events: number,
): Promise<CommitToAck> {
  const log = createLog({ service: 'bench', instance: 'bench', level: 'warn' })
  const acked = new Map<string, number>()
  const folder = await mkdtemp(join(tmpdir(), 'lepton-bench-'))
  const noMigrations = pathToFileURL(`${folder}/`)
  const instances = []
  for (const name of ['a', 'b']) {
    const metrics = createMetrics()
    const database = createDatabase({ url: databaseUrl, poolSize: 4 }, log, metrics)
    await migrate(database, { folder: noMigrations }, log)
    await maintainPartitions(database)
    const outbox = createOutbox(`/bench/${name}`)
    const broker = noting(createKafkaBroker({ ...kafka, clientId: `bench-${name}` }, log), (key) =>
      acked.set(key, performance.now()),
    )
    instances.push({
      database,
      outbox,
      broker,
      relay: startRelay({ database, broker, outbox, log, metrics }),
    })
  }
  const [emitter] = instances as [(typeof instances)[number]]

  async function emitOne(): Promise<number> {
    const key = newId()
    await emitter.database.inTransaction((tx) => {
      emitter.outbox.emit(tx, [
        { type: OrderCompleted, key, sequence: 1, data: { order_id: key }, cause: undefined },
      ])
      return Promise.resolve()
    })
    const committedAt = performance.now()
    return (await until('an acknowledgement', () => acked.get(key), { everyMs: 1 })) - committedAt
  }

  for (let index = 0; index < WARM_UP; index++) await emitOne()
  const taken: number[] = []
  for (let index = 0; index < events; index++) taken.push(await emitOne())
  for (const { relay, broker, database } of instances) {
    await relay.stop()
    await broker.close()
    await database.close()
  }
  await rm(folder, { recursive: true })
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) }
}

function noting(broker: Broker, note: (key: string) => void): Broker {
  return {
    ...broker,
    send: async (records) => {
      await broker.send(records)
      for (const { key } of records) note(key)
    },
  }
}
