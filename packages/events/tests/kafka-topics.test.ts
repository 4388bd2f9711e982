import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { prepareKafka } from '@lepton/local/kafka'
import { silentLog } from '@lepton/testing/log'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import kafkajs, { type Admin } from 'kafkajs'
import { createKafkaBroker } from '../src/kafka/broker.ts'
import { createKafka } from '../src/kafka/client.ts'
import { createTopics } from '../src/kafka/topics.ts'

/** Defaults of a broker that was set up for other purposes. */
const CONTRARY = {
  'log.cleanup.policy': 'compact',
  'log.retention.bytes': '1000',
  'log.message.timestamp.type': 'LogAppendTime',
  'message.max.bytes': '2000',
  'compression.type': 'zstd',
  'min.insync.replicas': '2',
}

let kafka: TestServer
let admin: Admin

beforeAll(async () => {
  const overrides = Object.entries(CONTRARY).flatMap(([name, value]) => ['--override', `${name}=${value}`])
  kafka = await startTestServer(prepareKafka, overrides)
  admin = createKafka({ brokers: [kafka.address], clientId: 'test' }, silentLog).admin()
  await admin.connect()
}, 60_000)
afterAll(async () => {
  await admin.disconnect()
  await kafka.stop()
}, 30_000)

it('creates topics that depend on no default of the broker but the number of copies', async () => {
  await createTopics(
    { brokers: [kafka.address] },
    [{ topic: 'stated', partitions: 3, retentionMs: 86_400_000 }],
    {
      log: silentLog,
    },
  )

  // What exists stays as it is.
  await createTopics({ brokers: [kafka.address] }, [{ topic: 'stated', partitions: 3, retentionMs: 1_000 }], {
    log: silentLog,
  })

  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: 'stated' }],
  })
  const settings = resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])
  expect(Object.fromEntries(settings)).toMatchObject({
    'cleanup.policy': 'delete',
    'retention.ms': '86400000',
    'retention.bytes': '-1',
    'message.timestamp.type': 'CreateTime',
    'compression.type': 'producer',
    'min.insync.replicas': '1',
  })
  // With the broker's own defaults neither the one copy nor the size would do.
  const broker = createKafkaBroker({ brokers: [kafka.address], clientId: 'test' }, silentLog)
  await broker.send([{ topic: 'stated', key: 'k', value: 'x'.repeat(100_000), headers: {} }])
  await broker.close()
})

it('refuses an existing topic with another number of partitions', async () => {
  await admin.createTopics({ topics: [{ topic: 'auto-created', numPartitions: 1, replicationFactor: 1 }] })

  await expect(
    createTopics(
      { brokers: [kafka.address] },
      [{ topic: 'auto-created', partitions: 12, retentionMs: 1_000 }],
      {
        log: silentLog,
      },
    ),
  ).rejects.toThrow('The topic auto-created exists with 1 partitions; it needs 12.')
})

it('creates a topic whose partitions all take records at once', async () => {
  const topic = 'wide'
  await createTopics({ brokers: [kafka.address] }, [{ topic, partitions: 100, retentionMs: 86_400_000 }], {
    log: silentLog,
  })

  // A partition that refuses would have the records of the others sent again.
  const broker = createKafkaBroker({ brokers: [kafka.address], clientId: 'test' }, silentLog)
  await broker.send(
    Array.from({ length: 500 }, (_, key) => ({ topic, key: `${key}`, value: 'x', headers: {} })),
  )
  const ends = await admin.fetchTopicOffsets(topic)
  expect(ends.reduce((sum, { offset }) => sum + Number(offset), 0)).toBe(500)
  await broker.close()
})
