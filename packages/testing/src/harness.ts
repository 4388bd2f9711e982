import { afterAll, beforeAll } from '@jest/globals'
import type { Signer, Verify } from '@lepton/common/http/auth'
import { startConsumer } from '@lepton/events/consume'
import { createOutbox, type Outbox } from '@lepton/events/outbox'
import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { startRelay } from '@lepton/events/relay'
import type { Subscription } from '@lepton/events/subscription'
import { createHttpApp, type Endpoint } from '@lepton/common/http/app'
import type { Log } from '@lepton/common/runtime/log'
import { createMetrics, type Metrics } from '@lepton/common/runtime/metrics'
import type { Database } from '@lepton/events/postgres/database'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { PUBLISHERS } from '@lepton/contracts/services'
import { createFakeBroker, type FakeBroker } from './broker.ts'
import { useDatabase } from './database.ts'
import { createIdentity, type KeyOwner, type TestIdentity } from './identity.ts'
import { silentLog } from './log.ts'
import { createFakeMesh, type FakeMesh } from './mesh.ts'
import { type People, servePeople } from './people.ts'
import { until } from './until.ts'

/** What a service is built from, as its `main.ts` gets it. */
export interface TestInstance {
  service: string
  name: string
  log: Log
  metrics: Metrics
  verify: Verify
  signer: Signer
  mesh: FakeMesh
  database: Database
  outbox: Outbox
}

export interface ServiceParts {
  endpoints: Endpoint[]
  subscriptions?: Subscription[]
  parts?: Part[]
  /** The key of the service's events about an order, where it is not the order's id. */
  keyOf?: (orderId: string) => Promise<string | undefined>
  /** Whether the service itself has nothing in progress besides events. */
  isIdle?: () => Promise<boolean>
}

/** One service in this process on a real PostgreSQL. Its members are there from `beforeAll` on. */
export interface ServiceUnderTest {
  database: Database
  broker: FakeBroker
  mesh: FakeMesh
  metrics: Metrics
  identity: TestIdentity
  people: People
  /** Resolves when every event was published, delivered and applied. */
  settle(): Promise<void>
}

/**
 * Runs a service for the tests of one file: its routes over HTTP, its subscriptions on a broker that
 * delivers everything twice, its relay on a database of its own. The file fails when something of it
 * is still running afterwards.
 */
export function useService(
  service: KeyOwner,
  build: (instance: TestInstance) => ServiceParts,
): ServiceUnderTest {
  const running = {} as ServiceUnderTest
  const stops: (() => Promise<unknown>)[] = []
  // Registered before those of the database, so that they run before them.
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop()
    const open = running.broker.openSubscribers()
    if (open > 0) throw new Error(`${open} subscribers were leaked`)
  })
  const testDatabase = useDatabase(service)

  beforeAll(async () => {
    const metrics = createMetrics({ service })
    const database = testDatabase.open({}, { metrics })
    const identity = createIdentity(service)
    const broker = createFakeBroker()
    const mesh = createFakeMesh()
    const outbox = createOutbox(`/${service}/${service}-1`)
    const instance: TestInstance = {
      service,
      name: `${service}-1`,
      log: silentLog,
      metrics,
      verify: identity.verify,
      signer: identity.signerOf(service),
      mesh,
      database,
      outbox,
    }
    const { endpoints, subscriptions = [], parts = [], isIdle, keyOf } = build(instance)
    const deps = { database, broker, outbox, log: silentLog, metrics }
    stops.push(
      () => Promise.resolve(identity.remove()),
      () => broker.close(),
    )
    const relay = startRelay(deps)
    stops.push(() => relay.stop())
    if (subscriptions.length > 0) {
      const consumer = startConsumer(deps, subscriptions, { group: service, unblockEveryMs: 20 })
      stops.push(() => consumer.stop())
    }
    stops.push(...parts.map((part) => () => part.stop()))
    const people = await servePeople(
      createHttpApp({ ...instance, isReady: () => true }, [
        ...endpoints,
        ...opsOf(service, database, subscriptions, keyOf),
      ]),
      identity,
    )
    stops.push(() => people.close())

    async function isSettled(): Promise<boolean> {
      const before = broker.records().length
      if (!broker.isIdle() || !(await isPublished(database))) return false
      if (isIdle !== undefined && !(await isIdle())) return false
      return broker.isIdle() && broker.records().length === before && (await isPublished(database))
    }

    Object.assign(running, {
      database,
      broker,
      mesh,
      metrics,
      identity,
      people,
      settle: async () => {
        await until('everything published and applied', isSettled, { everyMs: 3 })
      },
    } satisfies ServiceUnderTest)
  })
  return running
}

function opsOf(
  service: KeyOwner,
  database: Database,
  subscriptions: readonly Subscription[],
  keyOf: ServiceParts['keyOf'],
): Endpoint[] {
  const publisher = PUBLISHERS.find((name) => name === service)
  return publisher === undefined ? [] : eventEndpoints(publisher, database, subscriptions, keyOf)
}

async function isPublished(database: Database): Promise<boolean> {
  const { rows } = await database.query('select from outbox_pending limit 1')
  return rows.length === 0
}
