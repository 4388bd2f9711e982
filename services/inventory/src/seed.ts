import { readFile } from 'node:fs/promises'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { migrate } from '@lepton/events/postgres/migrate'
import { createDatabase } from '@lepton/events/postgres/database'
import { insertRows } from '@lepton/events/postgres/rows'
import { databaseSettings } from '@lepton/events/store'
import { CURRENCY } from '@lepton/contracts/fields'
import { readConfig } from './config.ts'
import { bookReceipt, lockCatalogue } from './catalogue-store.ts'

// Fills an empty catalogue and ends. Products that are there stay as they are, stock included.
const settings = readConfig()
const log = createLog({ service: 'inventory', instance: 'seed', level: settings.LOG_LEVEL })
const database = createDatabase(databaseSettings('inventory', settings), log, createMetrics())
const catalogue = JSON.parse(await readFile(new URL('../catalogue.json', import.meta.url), 'utf8')) as {
  product_id: string
  quantity: number
}[]

await migrate(database, { folder: new URL('../migrations/', import.meta.url) }, log)
const added = await database.inTransaction(async (tx) => {
  const known = await lockCatalogue(
    tx,
    catalogue.map(({ product_id }) => product_id),
  )
  const missing = catalogue.filter(({ product_id }) => !known.has(product_id))
  insertRows(
    tx,
    'products',
    missing.map(({ quantity: _quantity, ...product }) => ({ ...product, currency: CURRENCY })),
  )
  insertRows(
    tx,
    'stock',
    missing.map(({ product_id }) => ({ product_id, available: 0, held: 0, committed: 0, received: 0 })),
  )
  for (const { product_id, quantity } of missing) await bookReceipt(tx, product_id, quantity, 'first stock')
  return missing.length
})
await database.close()
log.info({ added }, 'catalogue seeded')
