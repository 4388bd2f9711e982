import type { Outbox } from '@lepton/events/outbox'
import type { Log } from '@lepton/common/runtime/log'
import type { SealCard } from '@lepton/shop/sealed-card'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { Database } from '@lepton/events/postgres/database'

export interface Deps {
  database: Database
  outbox: Outbox
  mesh: MeshClient
  /** Makes a card readable for the payment service alone. */
  sealCard: SealCard
  log: Log
  /** How long a checkout in two phases waits for its decision. */
  decisionWaitMs: number
}
