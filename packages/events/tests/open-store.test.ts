import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Log } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { adminUrl } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import pg from 'pg'
import { createDatabase } from '../src/postgres/database.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { storeSettings } from '../src/settings.ts'
import { openStore } from '../src/store.ts'

const MIGRATIONS = new URL('./migrations/', import.meta.url)
const name = `lepton_open_${randomUUID().replaceAll('-', '')}`
const admin = new pg.Client({ connectionString: adminUrl() })

beforeAll(() => admin.connect())

afterAll(async () => {
  await admin.query(`drop database if exists ${name}`)
  await admin.query(`drop role if exists ${name}`)
  await admin.end()
})

it('waits for the set-up to make its database and its schema', async () => {
  const said: string[] = []
  const url = ownUrl()
  const opening = openStore(hostThatSays(said), storeSettings.parse(settingsFor(url)), MIGRATIONS)

  await until('it waits for its database', () => said.includes('waiting for the set-up'))
  await admin.query(`create role ${name} login password 'secret'`)
  await admin.query(`create database ${name} owner ${name} encoding 'UTF8' template template0`)
  await until('it waits for its schema', () => said.includes('messaging_migrations is not up to date'))
  const setUp = createDatabase({ url, poolSize: 1 }, silentLog, createMetrics())
  await migrate(setUp, { folder: MIGRATIONS }, silentLog)
  await setUp.close()

  const { database } = await opening
  const { rows } = await database.query('select from tally')
  await database.close()
  expect(rows).toEqual([])
})

function ownUrl(): string {
  const url = new URL(adminUrl())
  url.username = name
  url.password = 'secret'
  url.pathname = `/${name}`
  return url.href
}

function settingsFor(url: string) {
  return { DATABASE_URL: url, KAFKA_BROKERS: 'kafka:9092', MIGRATE: 'false', REQUIRE_DURABILITY: 'false' }
}

function hostThatSays(said: string[]) {
  const warn = (fields: { err: Error }, message: string) => said.push(message, fields.err.message)
  return {
    service: 'order',
    name: 'order-1',
    log: { ...silentLog, warn } as unknown as Log,
    metrics: createMetrics(),
    inbound: { waited: () => undefined },
  }
}
