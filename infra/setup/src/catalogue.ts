import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createDatabase } from '@lepton/events/postgres/database'
import { databaseUrl } from './databases.ts'

/** Whether the shop sells anything; its schemas are there. */
export async function hasCatalogue(adminUrl: string): Promise<boolean> {
  const log = createLog({ service: 'setup', instance: 'setup-catalogue', level: 'warn' })
  const settings = { url: databaseUrl(adminUrl, 'inventory'), poolSize: 1 }
  const database = createDatabase(settings, log, createMetrics())
  try {
    const { rows } = await database.query<{ found: boolean }>('select exists (select from products) as found')
    return rows[0]!.found
  } finally {
    await database.close()
  }
}
