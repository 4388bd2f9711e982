import type { Outbox } from '@lepton/events/outbox'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from '@lepton/events/postgres/database'
import type { Signer } from '@lepton/common/http/auth'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { CustomerLimits } from './admission.ts'
import type { Backlog } from './backlog.ts'
import type { Begun } from './order.ts'
import type { PlaceSettings } from './places.ts'
import type { Watchers } from './watchers.ts'

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
  /** How long a two-phase order may, how long one of its branches may take, and how long its customer waits. */
  twoPhaseDeadlineMs: number
  branchTimeoutMs: number
  decisionWaitMs: number
  limits: CustomerLimits
  backlog: Backlog
  /** Two-phase orders whose branches are being tried, by this process and of one customer. */
  twoPhasePlaces: Pick<PlaceSettings, 'maxInFlight' | 'maxPerCustomer'>
  coordinator: Coordinator
  watchers: Watchers
  anomalies: { inc(count: number): void }
  /** Counts the events that other services are told. */
  told: { inc(labels: { event: string }): void }
}

/** What drives two-phase orders, as those see it who place and decide them. */
export interface Coordinator {
  /** Asks the branches of orders that are durable now. */
  begin(placements: readonly Begun[]): void
  /** There are decisions to carry out. */
  wake(): void
  /** Resolves when an order that was begun here is decided, or after `timeoutMs`. */
  decided(orderId: string, timeoutMs: number): Promise<void>
}
