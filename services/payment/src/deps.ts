import type { Outbox } from '@lepton/events/outbox'
import type { Listeners } from '@lepton/common/runtime/listeners'
import type { Log } from '@lepton/common/runtime/log'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { OpenCard } from '@lepton/shop/sealed-card'
import type { Answers } from './answers.ts'
import type { Places } from './claim-store.ts'
import type { PspClient } from './psp-client.ts'

export interface Deps {
  database: Database
  outbox: Outbox
  mesh: MeshClient
  psp: PspClient
  openCard: OpenCard
  answers: Answers
  /** How many tasks are in flight at the processor. */
  places: Places
  /** What the processor may sign its webhooks with, and how old one may be. */
  webhookSecrets: readonly string[]
  webhookToleranceMs: number
  log: Log
  anomalies: { inc(count: number): void }
  /** So many tasks were written in a transaction that is about to end. */
  tasksMade: Listeners<{ tx: Tx; count: number }>
  /** There is something to ask of the processor. */
  tasksDue: Listeners<void>
}
