import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { migrate } from '@lepton/events/postgres/migrate'
import { ownerUrl } from './databases.ts'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'

const SERVICES = new URL('../../../services/', import.meta.url)

/** Brings each service's schema up to date, as the role that owns it. */
export async function migrateAll(adminUrl: string, passwords: Record<DatabaseOwner, string>): Promise<void> {
  const log = createLog({ service: 'setup', instance: 'setup', level: 'warn' })
  for (const owner of DATABASE_OWNERS) {
    const url = ownerUrl(adminUrl, owner, passwords[owner])
    const database = createDatabase({ url, poolSize: 1 }, log, createMetrics())
    try {
      await migrate(database, { folder: new URL(`${owner}/migrations/`, SERVICES) }, log)
    } finally {
      await database.close()
    }
  }
}
