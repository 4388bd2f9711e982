import type { Outbox } from '@lepton/common/events/outbox'
import type { Log } from '@lepton/common/log'
import type { Database } from '@lepton/common/postgres'
import type { Signer } from '@lepton/common/auth'
import type { MeshClient } from '@lepton/common/mesh/client'

export interface Deps {
  database: Database
  outbox: Outbox
  mesh: MeshClient
  signer: Signer
  log: Log
  /** How long an order with a payment token may stay undecided. */
  paymentDeadlineMs: number
  /** How long an order without one waits for its customer. */
  customerDeadlineMs: number
  anomalies: { inc(count: number): void }
  /** Counts the events that other services are told. */
  told: { inc(labels: { event: string }): void }
}
