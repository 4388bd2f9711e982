import type { Tx } from '@lepton/events/postgres/transaction'
import type { Deps } from './deps.ts'
import type { OrderChanges } from './orders.ts'

/** Writes what was decided; once it is durable, each event is counted, who watches is woken, and the coordinator begins what is its part. */
export function record(
  tx: Tx,
  changes: OrderChanges,
  { outbox, told, anomalies, coordinator, watchers }: Deps,
): void {
  changes.store(tx, outbox)
  tx.afterCommit(() => {
    anomalies.inc(changes.anomalies)
    if (changes.registered.length > 0) coordinator.begin(changes.registered)
    watchers.changed(changes.moved)
    if (changes.hasDecisions) coordinator.wake()
    for (const { type } of changes.published) told.inc({ event: type.type })
  })
}
