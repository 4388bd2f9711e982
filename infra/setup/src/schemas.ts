import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { migrate } from '@lepton/events/postgres/migrate'
import { databaseUrl } from './databases.ts'
import { DATABASE_OWNERS, databaseName, type DatabaseOwner, schemaOwner } from './services.ts'

const SERVICES = new URL('../../../services/', import.meta.url)

/** Brings each service's schema up to date, as the role that owns it: the services may not do it themselves. */
export async function migrateAll(adminUrl: string): Promise<void> {
  await Promise.all(DATABASE_OWNERS.map((owner) => migrateSchema(adminUrl, owner)))
}

async function migrateSchema(adminUrl: string, owner: DatabaseOwner): Promise<void> {
  const log = createLog({ service: 'setup', instance: `setup-${owner}`, level: 'warn' })
  const settings = { url: databaseUrl(adminUrl, owner), role: schemaOwner(owner), poolSize: 1 }
  const database = createDatabase(settings, log, createMetrics())
  try {
    await migrate(database, { folder: new URL(`${owner}/migrations/`, SERVICES) }, log)
    // Which of them have run is not for the service to say.
    await database.query(
      `revoke insert, update, delete on messaging_migrations, service_migrations from ${databaseName(owner)}`,
    )
  } finally {
    await database.close()
  }
}
