import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { prepareKafka } from '@lepton/local/kafka'
import { silentLog } from '@lepton/testing/log'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import { until } from '@lepton/testing/until'
import type { Broker } from '../src/broker.ts'
import { createKafkaBroker } from '../src/kafka/broker.ts'
import { createKafka } from '../src/kafka/client.ts'
import { createTopics } from '../src/kafka/topics.ts'
import { newId } from '@lepton/common/runtime/id'
import { describeBroker } from './broker-suite.ts'

let kafka: TestServer
let brokers: Broker[] = []

beforeAll(async () => {
  kafka = await startTestServer(prepareKafka)
}, 120_000)
afterAll(async () => {
  await Promise.all(brokers.map((broker) => broker.close()))
  brokers = []
  await kafka.stop()
}, 30_000)

function open(): Broker {
  const broker = createKafkaBroker(
    { brokers: [kafka.address], clientId: 'conformance', commitEveryMs: 20, maxWaitMs: 200 },
    silentLog,
  )
  brokers.push(broker)
  return broker
}

async function createTopic(): Promise<string> {
  const topic = `test-${newId()}`
  await createTopics({ brokers: [kafka.address] }, [{ topic, partitions: 12, retentionMs: 3_600_000 }], {
    log: silentLog,
  })
  return topic
}

describeBroker('Kafka', async () => {
  const broker = open()
  await broker.send([{ topic: await createTopic(), key: 'warm-up', value: '', headers: {} }])
  return { broker, createTopic, another: open }
})

describe('Kafka besides', () => {
  it('loses nothing that it acknowledged when it is killed, and a send that failed works when repeated', async () => {
    const broker = open()
    const topic = await createTopic()
    const key = newId()
    const seen: string[] = []
    const subscriber = broker.subscribe({
      group: newId(),
      topics: [topic],
      concurrency: 1,
      onDelivery: async (delivery) => {
        for (const { value, offset } of delivery.records) {
          seen.push(String(value))
          await delivery.done(offset)
        }
      },
    })
    const send = (value: string) => broker.send([{ topic, key, value, headers: {} }])
    const isAcknowledged = (value: string) =>
      send(value).then(
        () => true,
        () => false,
      )
    try {
      for (let count = 0; count < 20; count++) await send(String(count))
      kafka.process.signal('SIGKILL')
      for (let count = 20; count < 40; count++) {
        await until(`record ${count} is acknowledged`, () => isAcknowledged(String(count)), {
          timeoutMs: 40_000,
        })
      }
      await until('all are delivered', () => new Set(seen).size === 40, { timeoutMs: 40_000 })
    } finally {
      await subscriber.stop()
    }
    expect([...new Set(seen)]).toEqual(Array.from({ length: 40 }, (_, index) => String(index)))
  }, 120_000)

  it('has its member back after a clock that ran ahead was set right, which keeps heartbeats away', async () => {
    const settings = { brokers: [kafka.address], clientId: 'clock', maxWaitMs: 200, heartbeatIntervalMs: 100 }
    const broker = createKafkaBroker({ ...settings, sessionTimeoutMs: 6_000, silenceMs: 8_000 }, silentLog)
    brokers.push(broker)
    const topic = await createTopic()
    const group = newId()
    const seen: string[] = []
    const subscriber = broker.subscribe({
      group,
      topics: [topic],
      concurrency: 1,
      onDelivery: async (delivery) => {
        for (const { value, offset } of delivery.records) {
          await delivery.done(offset)
          seen.push(String(value))
        }
      },
    })
    const admin = createKafka(settings, silentLog).admin()
    await admin.connect()
    const members = async () => (await admin.describeGroups([group])).groups[0]!.members.length
    const sendAndSee = async (value: string) => {
      await broker.send([{ topic, key: 'k', value, headers: {} }])
      await until(`${value} is seen`, () => seen.includes(value), { timeoutMs: 20_000 })
    }
    try {
      await sendAndSee('by the right clock')
      const rightNow = Date.now.bind(Date)
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + 600_000)
      await sendAndSee('by the wrong clock')
      clock.mockRestore()
      await until('the group to forget it', async () => (await members()) === 0, { timeoutMs: 20_000 })
      await until('the group to have it back', async () => (await members()) === 1, { timeoutMs: 20_000 })
      await sendAndSee('by the right clock again')
    } finally {
      await admin.disconnect()
      await subscriber.stop()
    }
  }, 90_000)

  it('gives records of half a second together to one who need not know at once', async () => {
    const broker = open()
    const topic = await createTopic()
    const deliveries: number[] = []
    const subscriber = broker.subscribe({
      group: newId(),
      topics: [topic],
      concurrency: 1,
      gatherMs: 500,
      onDelivery: async ({ records, done }) => {
        deliveries.push(records.length)
        await done(records.at(-1)!.offset)
      },
    })
    const send = () => broker.send([{ topic, key: 'k', value: 'x', headers: {} }])
    const seen = () => deliveries.reduce((sum, count) => sum + count, 0)

    await send()
    await until('it reads', () => seen() === 1, { timeoutMs: 30_000 })
    for (let count = 0; count < 40; count++) await send()
    await until('it has read all', () => seen() === 41, { timeoutMs: 30_000 })

    // Each alone, were they not gathered.
    expect(deliveries.length).toBeLessThan(20)
    await subscriber.stop()
  }, 60_000)

  it('is reported as available, and at once as unavailable', async () => {
    await open().probe()
    const broker = createKafkaBroker({ brokers: ['127.0.0.1:1'], clientId: 'probe' }, silentLog)
    const startedAt = performance.now()
    await expect(broker.probe()).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})
