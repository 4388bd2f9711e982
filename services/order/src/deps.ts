import type { Outbox } from '@lepton/events/outbox'
import type { Listeners } from '@lepton/common/runtime/listeners'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from '@lepton/events/postgres/database'
import type { Signer } from '@lepton/common/http/auth'
import type { SealCard } from '@lepton/shop/sealed-card'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { CustomerLimits } from './admission.ts'
import type { Backlog } from './backlog.ts'
import type { OrderChanges } from './orders.ts'
import type { Pace } from './pace.ts'
import type { Prices } from './prices.ts'
import type { SettledBranches, Undecided } from './transaction-store.ts'
import type { Watchers } from './watchers.ts'

/** What two-phase orders write: those of one moment share a transaction. */
export interface Together {
  decide(undecided: readonly Undecided[]): Promise<void>
  settled(branches: readonly SettledBranches[]): Promise<void>
}

export interface Deps {
  database: Database
  outbox: Outbox
  mesh: MeshClient
  prices: Prices
  signer: Signer
  /** Makes a card readable for the payment service alone. */
  sealCard: SealCard
  log: Log
  /** How long an order with a payment token may stay undecided. */
  paymentDeadlineMs: number
  /** How long an order without one waits for its customer. */
  customerDeadlineMs: number
  /** How long a two-phase order may, how long one of its branches may take, and how long its customer waits. */
  twoPhaseDeadlineMs: number
  branchTimeoutMs: number
  decisionWaitMs: number
  limits: CustomerLimits
  backlog: Backlog
  /** Two-phase orders whose branches are being tried by this process, and of one customer. */
  tries: Pace
  maxTriesPerCustomer: number
  together: Together
  watchers: Watchers
  /** Changes that are durable now: figures, watchers and the coordinator of two phases follow them. */
  committed: Listeners<OrderChanges>
  anomalies: { inc(count: number): void }
}
