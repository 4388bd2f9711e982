import type { Outbox } from '@lepton/events/outbox'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from '@lepton/events/postgres/database'

export interface Deps {
  database: Database
  outbox: Outbox
  log: Log
  anomalies: { inc(count: number): void }
}
