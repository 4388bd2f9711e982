import type { Outbox } from '@lepton/common/events/outbox'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { Database } from '@lepton/common/postgres'

export interface Deps {
  database: Database
  outbox: Outbox
  mesh: MeshClient
}
