import { readFileSync } from 'node:fs'
import type { ChaosShop } from '../chaos-shop.ts'
import type { History } from '../history.ts'
import type { Facts } from '../invariants/facts.ts'
import { readDatabases } from './databases.ts'
import { readLedger } from './ledger.ts'
import { dumpTopics } from './topics.ts'
import { readWindows } from './windows.ts'

const BOOKED_TWICE = /duplicate key value violates unique constraint "(\w+_moves_once)"/

/** Everything that is known about a shop that went quiet. */
export async function collectFacts(
  shop: ChaosShop,
  history: History,
  observed: Pick<Facts, 'stockSamples' | 'quietAfterMs'>,
): Promise<Facts> {
  const [databases, records, windows] = await Promise.all([
    readDatabases(shop.databaseUrl),
    dumpTopics(shop.kafka),
    readWindows(shop),
  ])
  return {
    history: history.operations,
    ...databases,
    windows,
    ...readLedger(shop.ledgerFile),
    log: records.map(({ value: _value, headers: _headers, ...record }) => record),
    repeatedBookings: shop.postgresLogs
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
      .split('\n')
      .flatMap((line) => BOOKED_TWICE.exec(line)?.[1] ?? [])
      .map((constraint) => `${constraint} stopped a second booking`),
    ...observed,
  }
}
