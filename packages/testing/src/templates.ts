import { existsSync, readdirSync } from 'node:fs'
import { maintainPartitions } from '@lepton/events/partitions'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { migrate } from '@lepton/events/postgres/migrate'
import { createDatabase } from '@lepton/events/postgres/database'
import pg from 'pg'

const ROOT = new URL('../../../', import.meta.url)

export function templateName(service: string): string {
  return `lepton_template_${service}`
}

/** The same server with another database. */
export function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${database}`
  return url.href
}

/** Makes a migrated database per service, which test files copy: no test waits for a migration. */
export async function createTemplates(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    for (const [owner, migrations] of migrationFolders()) {
      const name = templateName(owner)
      await admin.query(`drop database if exists ${name}`)
      await admin.query(`create database ${name} encoding 'UTF8' template template0`)
      await migrateTemplate(urlOf(adminUrl, name), migrations)
    }
  } finally {
    await admin.end()
  }
}

/** Each service's own, and those of the messaging tests under `common`. */
function migrationFolders(): [string, URL][] {
  const services = readdirSync(new URL('services/', ROOT))
    .map((name): [string, URL] => [name, new URL(`services/${name}/migrations/`, ROOT)])
    .filter(([, folder]) => existsSync(folder))
  return [['events', new URL('packages/events/tests/migrations/', ROOT)], ...services]
}

async function migrateTemplate(url: string, migrations: URL): Promise<void> {
  const log = createLog({ service: 'testing', instance: 'templates', level: 'silent' })
  const database = createDatabase({ url, poolSize: 1, statementTimeoutMs: 30_000 }, log, createMetrics())
  await migrate(database, { folder: migrations }, log)
  await maintainPartitions(database)
  await database.close()
}
