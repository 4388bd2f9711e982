import type { Tx } from '@lepton/events/postgres/postgres'
import type { Deps } from './deps.ts'
import type { OrderChanges } from './store.ts'

/** Writes what was decided; once it is durable, each event is counted and the coordinator begins what is its part. */
export function record(tx: Tx, changes: OrderChanges, { outbox, told, anomalies, coordinator }: Deps): void {
  changes.store(tx, outbox)
  tx.afterCommit(() => {
    anomalies.inc(changes.anomalies)
    if (changes.registered.length > 0) coordinator.begin(changes.registered)
    if (changes.hasDecisions) coordinator.wake()
    for (const { type } of changes.published) told.inc({ event: type.type })
  })
}
