import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { Cause } from '@lepton/events/audit'
import { createDatabase } from '@lepton/events/postgres/database'
import { republish } from '@lepton/events/republish'
import { databaseUrl } from './databases.ts'
import { DATABASE_OWNERS, type DatabaseOwner, schemaOwner } from './services.ts'

const EVERYTHING = { since: '-infinity', until: 'infinity', dryRun: false }

/**
 * Queues everything that the services' archives hold, for a log that has lost it. Nothing may have been published to
 * the new log before.
 *
 * @returns how many events will be published again
 */
export async function republishAll(adminUrl: string, cause: Cause): Promise<number> {
  const counts = await Promise.all(DATABASE_OWNERS.map((owner) => republishOf(adminUrl, owner, cause)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function republishOf(adminUrl: string, owner: DatabaseOwner, cause: Cause): Promise<number> {
  const log = createLog({ service: 'setup', instance: `setup-${owner}`, level: 'warn' })
  const settings = { url: databaseUrl(adminUrl, owner), role: schemaOwner(owner), poolSize: 1 }
  const database = createDatabase(settings, log, createMetrics())
  try {
    return await republish(database, EVERYTHING, cause)
  } finally {
    await database.close()
  }
}
