import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Broker } from '@lepton/events/broker'
import { createKafkaBroker } from '@lepton/events/kafka/broker'
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

export interface CommitToAck {
  ownP50Ms: number
  ownP99Ms: number
  otherP50Ms: number
  otherP99Ms: number
}

/**
 * Two instances of a relay on an idle outbox: the time from a commit to Kafka's acknowledgement, apart
 * for shards that the committing instance owns and shards that the other does.
 */
export async function measureCommitToAck(
  databaseUrl: string,
  brokers: string[],
  events: number,
): Promise<CommitToAck> {
  const log = createLog({ service: 'bench', instance: 'bench', level: 'warn' })
  const acked = new Map<string, { at: number; by: string }>()
  const folder = await mkdtemp(join(tmpdir(), 'lepton-bench-'))
  const noMigrations = pathToFileURL(`${folder}/`)
  const instances = []
  for (const name of ['a', 'b']) {
    const metrics = createMetrics()
    const database = createDatabase({ url: databaseUrl, poolSize: 4 }, log, metrics)
    await migrate(database, { folder: noMigrations }, log)
    await maintainPartitions(database)
    const outbox = createOutbox(`/bench/${name}`)
    const broker = noting(createKafkaBroker({ brokers, clientId: `bench-${name}` }, log), (key) =>
      acked.set(key, { at: performance.now(), by: name }),
    )
    instances.push({
      name,
      database,
      outbox,
      broker,
      relay: startRelay({ database, broker, outbox, log, metrics }),
    })
  }
  const [emitter] = instances as [(typeof instances)[number]]

  async function emitOne(): Promise<{ ms: number; isOwn: boolean }> {
    const key = newId()
    await emitter.database.inTransaction((tx) => {
      emitter.outbox.emit(tx, [
        { type: OrderCompleted, key, sequence: 1, data: { order_id: key }, cause: undefined },
      ])
      return Promise.resolve()
    })
    const committedAt = performance.now()
    const { at, by } = await until('an acknowledgement', () => acked.get(key), { everyMs: 1 })
    return { ms: at - committedAt, isOwn: by === emitter.name }
  }

  // Both must hold their half of the shards before anything is counted.
  const seen = new Set<boolean>()
  await until('both instances to relay', async () => seen.add((await emitOne()).isOwn).size === 2)
  const taken = []
  for (let index = 0; index < events; index++) taken.push(await emitOne())
  for (const { relay, broker, database } of instances) {
    await relay.stop()
    await broker.close()
    await database.close()
  }
  await rm(folder, { recursive: true })
  const own = taken.filter(({ isOwn }) => isOwn).map(({ ms }) => ms)
  const other = taken.filter(({ isOwn }) => !isOwn).map(({ ms }) => ms)
  return {
    ownP50Ms: percentile(own, 0.5),
    ownP99Ms: percentile(own, 0.99),
    otherP50Ms: percentile(other, 0.5),
    otherP99Ms: percentile(other, 0.99),
  }
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
