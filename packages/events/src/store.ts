import { setTimeout as delay } from 'node:timers/promises'
import type { StoreSettings } from './settings.ts'
import { startConsumer } from './consume.ts'
import { createKafkaBroker } from './kafka/broker.ts'
import { kafkaAccess } from './kafka/settings.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { maintainPartitions } from './partitions.ts'
import { startRelay } from './relay.ts'
import { signerOf, verifierOf } from './signatures/settings.ts'
import { signing } from './signatures/signer.ts'
import type { Subscription } from './subscription.ts'
import { assertMigrated, migrate, NotMigrated } from './postgres/migrate.ts'
import { createDatabase, type Database, type DatabaseSettings } from './postgres/database.ts'
import { isNotSetUp, isPassingFault } from './postgres/faults.ts'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startSweep, startTimer } from '@lepton/common/runtime/timer'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { Unavailable } from '@lepton/common/runtime/problem'

/** What the store takes from the process that it is part of. */
export interface Host {
  service: string
  /** Unique among the running instances. */
  name: string
  log: Log
  metrics: Metrics
  /** Gets how long (ms) a request waited for a database connection. */
  inbound: { waited(ms: number): void }
}

/** A service's own memory: its database and the outbox in it. */
export interface Store {
  database: Database
  outbox: Outbox
}

const HOUSEKEEPING_MS = 3_600_000
const RETRY_MS = { first: 200, most: 2_000 }
/** How long the set-up may take to make role, database and schema: then what is missing is a fault. */
const SET_UP_MS = 300_000

/**
 * Opens the database, waiting for as long as it is away, and brings its schema up to date; with MIGRATE=false it waits
 * for the set-up to do so.
 *
 * @throws Error when the database would forget what it acknowledged, or is not set up after five minutes
 */
export async function openStore(instance: Host, settings: StoreSettings, migrations: URL): Promise<Store> {
  const { log, metrics, service, name, inbound } = instance
  const database = createDatabase(
    { ...databaseSettings(service, settings), onWait: inbound.waited },
    log,
    metrics,
  )
  const isSetUpBy = performance.now() + SET_UP_MS
  for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(RETRY_MS.most, waitMs * 2)) {
    try {
      if (settings.MIGRATE) await migrate(database, { folder: migrations }, log)
      else await assertMigrated(database, { folder: migrations })
      if (settings.REQUIRE_DURABILITY) await assertDurable(database)
      await maintainPartitions(database)
      break
    } catch (error) {
      const isMissing = error instanceof NotMigrated || isNotSetUp(error)
      const mayPass = isMissing ? performance.now() < isSetUpBy : isAway(error)
      if (!mayPass) throw error
      log.warn({ err: error, waitMs }, isMissing ? 'waiting for the set-up' : 'waiting for the database')
      await delay(waitMs)
    }
  }
  return { database, outbox: createOutbox(`/${service}/${name}`, { log }) }
}

function isAway(error: unknown): boolean {
  return error instanceof Unavailable || isPassingFault(error)
}

/** The password may stand in the URL or in a file; several services may share a setting that names `{service}`. */
export function databaseSettings(service: string, settings: StoreSettings): DatabaseSettings {
  return {
    url: settings.DATABASE_URL.replaceAll('{service}', service),
    password: settings.DATABASE_PASSWORD_FILE,
    ...(settings.DATABASE_TLS && { tls: { ca: settings.DATABASE_TLS_CA_FILE } }),
    poolSize: settings.DATABASE_POOL_SIZE,
  }
}

async function assertDurable(database: Database): Promise<void> {
  const { rows } = await database.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
  )
  const weak = rows.filter(({ setting }) => setting === 'off').map(({ name }) => name)
  if (weak.length > 0) {
    throw new Error(
      `PostgreSQL runs with ${weak.join(', ')} off: acknowledged orders could be lost. Switch on or set REQUIRE_DURABILITY=false.`,
    )
  }
}

/** Starts what moves events in and out of a store: housekeeping, relay, consumer. */
export function startEvents(
  { log, metrics, service, name }: Host,
  settings: StoreSettings,
  { database, outbox }: Store,
  subscriptions: readonly Subscription[],
): Part[] {
  const requests = metrics.counter({
    name: 'messaging_client_requests_total',
    help: 'Requests to Kafka that were answered, by the name of its protocol',
    labelNames: ['api'],
  })
  const onRequest = (api: string) => requests.inc({ api })
  const broker = createKafkaBroker({ ...kafkaAccess(service, settings), clientId: name, onRequest }, log)
  const topics = subscriptions.map(({ topic }) => topic)
  const deps = {
    database,
    broker: signing(broker, signerOf(settings)),
    verifier: verifierOf(settings, topics),
    outbox,
    log,
    metrics,
  }
  return [
    { stop: () => database.close() },
    ...startHousekeeping(database, log),
    { stop: () => broker.close() },
    startRelay(deps),
    ...(subscriptions.length === 0 ? [] : [startConsumer(deps, subscriptions, { group: service })]),
  ]
}

async function deleteOldReplies(database: Database, limit: number): Promise<number> {
  const { rowCount } = await database.query(
    `delete from idempotency where (owner, route, key) in (
       select owner, route, key from idempotency where created_at < now() - interval '7 days' limit $1)`,
    [limit],
  )
  return rowCount ?? 0
}

function startHousekeeping(database: Database, log: Log): Part[] {
  const maintain = () => maintainPartitions(database).then(() => false)
  return [
    startTimer('partitions', HOUSEKEEPING_MS, maintain, log),
    startSweep('idempotency', (limit) => deleteOldReplies(database, limit), log),
  ]
}
