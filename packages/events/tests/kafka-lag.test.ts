import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { prepareKafka } from '@lepton/local/kafka'
import { silentLog } from '@lepton/testing/log'
import { startTestServer, type TestServer } from '@lepton/testing/servers'
import { until } from '@lepton/testing/until'
import { createKafkaBroker } from '../src/kafka/broker.ts'
import { createLagReader, type LagReader } from '../src/kafka/lag.ts'
import { createTopics } from '../src/kafka/topics.ts'

let kafka: TestServer
let reader: LagReader
const settings = () => ({ brokers: [kafka.address], clientId: 'order-1', commitEveryMs: 20 })

beforeAll(async () => {
  kafka = await startTestServer(prepareKafka)
  reader = createLagReader(settings(), silentLog)
}, 120_000)
afterAll(async () => {
  await reader.close()
  await kafka.stop()
}, 30_000)

it('shows how far a group is behind and who reads what, also when its last member is dead', async () => {
  const [topic, group] = [`test-${newId()}`, newId()]
  await createTopics({ brokers: [kafka.address] }, [{ topic, partitions: 2, retentionMs: 3_600_000 }], {
    log: silentLog,
  })
  const broker = createKafkaBroker(settings(), silentLog)
  const send = (count: number) =>
    broker.send(Array.from({ length: count }, () => ({ topic, key: newId(), value: 'x', headers: {} })))
  const behind = async () =>
    (await reader.read([{ group, topics: [topic] }])).reduce(
      (sum, { end, committed }) => sum + end - committed,
      0,
    )
  // A new broker has no coordinator of groups at first.
  await until('the broker knows groups', async () => (await behind()) === 0, { timeoutMs: 30_000 })
  await send(5)
  expect(await behind()).toBe(5)

  const subscriber = broker.subscribe({
    group,
    topics: [topic],
    concurrency: 2,
    onDelivery: ({ records, done }) => done(records.at(-1)!.offset),
  })
  await until('it has caught up', async () => (await behind()) === 0, { timeoutMs: 30_000 })
  const living = await reader.read([{ group, topics: [topic] }])
  expect(living.map(({ owner }) => owner)).toEqual(['order-1', 'order-1'])

  await subscriber.stop()
  await send(3)
  expect(await behind()).toBe(3)
  const dead = await reader.read([{ group, topics: [topic] }])
  expect(dead.map(({ owner }) => owner)).toEqual([null, null])
  await broker.close()
}, 120_000)

it('never takes a group that is ahead of an older look for one that has read nothing', async () => {
  const [topic, group] = [`test-${newId()}`, newId()]
  await createTopics({ brokers: [kafka.address] }, [{ topic, partitions: 1, retentionMs: 3_600_000 }], {
    log: silentLog,
  })
  const broker = createKafkaBroker({ ...settings(), commitEveryMs: 1 }, silentLog)
  const subscriber = broker.subscribe({
    group,
    topics: [topic],
    concurrency: 1,
    onDelivery: ({ records, done }) => done(records.at(-1)!.offset),
  })
  const record = { topic, key: 'k', value: 'x', headers: {} }
  await broker.send(Array.from({ length: 2_000 }, () => record))
  const lagOf = async () => {
    const [one] = await reader.read([{ group, topics: [topic] }])
    return one!.end - one!.committed
  }
  await until('it has caught up', async () => (await lagOf()) === 0, { timeoutMs: 30_000 })

  const lags: number[] = []
  const sending = (async () => {
    for (let count = 0; count < 300; count++) await broker.send([record])
  })()
  for (let count = 0; count < 60; count++) lags.push(await lagOf())
  await sending

  expect(Math.max(...lags)).toBeLessThan(1_000)
  await subscriber.stop()
  await broker.close()
}, 60_000)

it('fails while the broker is away, and answers again afterwards', async () => {
  const topic = `test-${newId()}`
  await createTopics({ brokers: [kafka.address] }, [{ topic, partitions: 1, retentionMs: 3_600_000 }], {
    log: silentLog,
  })
  const read = () => reader.read([{ group: 'none', topics: [topic] }])
  expect(await read()).toMatchObject([{ end: 0, committed: 0, owner: null }])

  kafka.process.pause()
  const failed = expect(read()).rejects.toThrow()
  await failed
  kafka.process.resume()

  await until(
    'it answers again',
    () =>
      read().then(
        () => true,
        () => false,
      ),
    { timeoutMs: 30_000 },
  )
}, 90_000)
