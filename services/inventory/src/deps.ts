import type { Outbox } from '@lepton/common/events/outbox'
import type { Log } from '@lepton/common/log'
import type { Database } from '@lepton/common/postgres'

export interface Deps {
  database: Database
  outbox: Outbox
  log: Log
  anomalies: { inc(count: number): void }
}
