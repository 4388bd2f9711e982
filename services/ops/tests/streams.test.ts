import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createSnapshots } from '@lepton/common/http/take-snapshot'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { ServiceView } from '@lepton/contracts/figures'
import { type Queues, STREAM_ROUTES, type Streams } from '@lepton/contracts/streams'
import type { PartitionLag, ReadingGroup } from '@lepton/events/kafka/lag'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { until } from '@lepton/testing/until'
import { createIncreases } from '../src/increases.ts'
import { createOrderPaths } from '../src/queues/order-paths.ts'
import { createQueueWatch } from '../src/queues/queue-watch.ts'
import { queueRoutes } from '../src/queues/routes.ts'
import { type StreamWatch, watchStreams } from '../src/streams/stream-watch.ts'
import { useOps } from './ops-service.ts'

let end = 0
let isAway = false
const asked: string[] = []
const reader = {
  read: (groups: readonly ReadingGroup[]): Promise<PartitionLag[]> => {
    asked.push(groups.map(({ group }) => group).join(' '))
    if (isAway) return Promise.reject(new Error('connect ECONNREFUSED'))
    return Promise.resolve(
      groups.flatMap(({ group, topics }) =>
        topics.map((topic) => ({ group, topic, partition: 0, end, committed: 10, owner: null })),
      ),
    )
  },
  close: () => Promise.resolve(),
}
/** An instance of inventory as it counts for itself. */
const metrics = createMetrics()
const take = createSnapshots({ service: 'inventory', instance: 'inventory-1', metrics })
const records = metrics.counter({
  name: 'messaging_client_consumed_messages_total',
  help: 'of the test',
  labelNames: ['topic', 'outcome'],
})
const [busy, age] = ['messaging_process_duration_seconds', 'messaging_record_age_seconds'].map((name) =>
  metrics.histogram({ name, help: 'of the test', labelNames: ['topic'] }),
)
metrics.gauge({ name: 'relay_shards_held', help: 'of the test', collect: (gauge) => gauge.set(16) })
const published = metrics.histogram({ name: 'outbox_publish_seconds', help: 'of the test' })
const services = [
  {
    service: 'inventory',
    expected: 1,
    instances: [{ name: 'inventory-1', service: 'inventory', state: 'passing' }],
    figures: { outbox_pending: 3, outbox_oldest_s: 0.5 },
  },
] as unknown as ServiceView[]

let nowMs = 0
let watch: StreamWatch
let queues: ReturnType<typeof createQueueWatch>
let operator: Person
const paths = createOrderPaths()
const ops = useOps(() =>
  queueRoutes({
    latest: () => queues.latest(),
    paths,
    broker: { at: () => watch.at() },
    incomplete: () => [],
  }),
)

async function look(): Promise<void> {
  const snapshot = await take()
  queues.look({ services, snapshotOf: () => snapshot })
  nowMs += 10_000
}
const streamOf = async () =>
  (await operator.get<Streams>('/ops/streams')).body.streams.find(({ service }) => service === 'inventory')!

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(async () => {
  await watch?.stop()
  isAway = false
  end = 10
  watch = watchStreams(reader, silentLog, 5)
  queues = createQueueWatch(
    watch,
    createIncreases(() => nowMs),
  )
  await until('the broker was asked', () => watch.at() !== null)
})

describe('how events travel', () => {
  it('is shown by the word of the broker, also of a reader that is dead', async () => {
    end = 40
    await until('the broker was asked again', () => watch.of('inventory', 'order.v1')?.records === 30)
    queues.look({ services: [], snapshotOf: () => undefined })

    expect(asked.at(-1)).toBe('order inventory payment')
    expect(await streamOf()).toMatchObject({
      topic: 'order.v1',
      lag_records: 30,
      repeated: null,
      partitions: [{ partition: 0, lag_records: 30, owner: null }],
    })
  })

  it('is not known while the broker is away: null, not level', async () => {
    isAway = true
    await watch.stop()
    watch = watchStreams(reader, silentLog, 5)
    queues = createQueueWatch(watch)
    await look()

    const { body } = await operator.get<Streams>('/ops/streams')
    expect(body).toMatchObject({
      broker_at: null,
      incomplete: [{ service: 'kafka', problem: 'unavailable' }],
    })
    expect(body.streams[0]).toMatchObject({
      lag_records: null,
      lag_s: null,
      clear_in_s: null,
      partitions: [],
    })
  })

  it('tells what an instance has made of the records, and what it publishes', async () => {
    busy!.observe({ topic: 'order.v1' }, 0.01)
    age!.observe({ topic: 'order.v1' }, 0.02)
    await look()
    records.inc({ topic: 'order.v1', outcome: 'applied' }, 90)
    records.inc({ topic: 'order.v1', outcome: 'repeated' }, 7)
    for (let count = 0; count < 100; count++) {
      busy!.observe({ topic: 'order.v1' }, 0.01)
      age!.observe({ topic: 'order.v1' }, 0.02)
      published.observe({}, 0.004)
    }
    await look()
    await look()

    expect(await streamOf()).toMatchObject({ repeated: 7, blocked: 0 })
    const { body } = await operator.get<Queues>('/ops/queues')
    const station = body.stations.find(({ service }) => service === 'inventory')!
    // 100 records in 20 s, of 10 ms each, on one server: rho = 0.05.
    expect(station).toMatchObject({ servers: 1, batch: 1, handled_per_s: expect.closeTo(100) })
    expect(station.measured.time_ms).toBeCloseTo(20)
    expect(body.path).toBeNull()
    const { outboxes } = (await operator.get<Streams>('/ops/streams')).body
    expect(outboxes.find(({ service }) => service === 'inventory')).toMatchObject({
      pending: 3,
      publish_ms: expect.closeTo(4),
      published_per_s: expect.closeTo(5),
      shards: [{ instance: 'inventory-1', held: 16 }],
    })
    expect(outboxes.find(({ service }) => service === 'cart')).toMatchObject({
      pending: null,
      published_per_s: null,
      shards: [],
    })
  })
})

describeRefusals(ops, STREAM_ROUTES, {})
