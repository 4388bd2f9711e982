import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import type { Log } from '@lepton/common/runtime/log'
import { createMetrics, type Metrics } from '@lepton/common/runtime/metrics'
import { createDatabase, type Database, type DatabaseSettings } from '@lepton/events/postgres/database'
import pg from 'pg'
import { silentLog } from './log.ts'
import { templateName, urlOf } from './templates.ts'
import { until } from './until.ts'

export interface TestDatabase {
  /** Undefined until `beforeAll` ran. */
  url: string
  /** Opens a pool, closed after the tests of the file. */
  open(settings?: Partial<DatabaseSettings>, deps?: { log?: Log; metrics?: Metrics }): Database
}

/** The server of this run, which the set-up started or was given. */
export function adminUrl(): string {
  const url = process.env.TEST_DATABASE_URL
  if (url === undefined) throw new Error('TEST_DATABASE_URL is not set: the set-up of the tests did not run')
  return url
}

/**
 * A database of this file's own, copied from a template and dropped after it.
 *
 * The file fails when a connection is still open then: a pool, a relay or a consumer was leaked.
 */
export function useDatabase(template: string): TestDatabase {
  const name = `lepton_test_${randomUUID().replaceAll('-', '')}`
  const pools: Database[] = []
  const database: TestDatabase = {
    url: '',
    open: (settings = {}, { log = silentLog, metrics = createMetrics() } = {}) => {
      const pool = createDatabase({ url: database.url, poolSize: 8, ...settings }, log, metrics)
      pools.push(pool)
      return pool
    },
  }

  beforeAll(async () => {
    await asAdmin((admin) => admin.query(`create database ${name} template ${templateName(template)}`))
    database.url = urlOf(adminUrl(), name)
  })

  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()))
    await asAdmin(async (admin) => {
      const leaked = await openConnections(admin, name)
      await admin.query(`drop database ${name} with (force)`)
      if (leaked.length > 0) throw new Error(`connections were leaked: ${leaked.join('; ')}`)
    })
  })
  return database
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: adminUrl() })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** What is still connected after the server had a moment to notice who left. */
async function openConnections(admin: pg.Client, name: string): Promise<string[]> {
  let open: string[] = []
  await until(
    'every connection closed',
    async () => {
      const { rows } = await admin.query<{ what: string }>(
        `select application_name || ': ' || query as what from pg_stat_activity where datname = $1`,
        [name],
      )
      open = rows.map(({ what }) => what)
      return open.length === 0
    },
    { timeoutMs: 2_000 },
  ).catch(() => undefined)
  return open
}
