import type { Tx } from '@lepton/common/postgres'
import { OrderClosed, OrderCompleted } from '@lepton/contracts/order'
import type { Deps } from './deps.ts'
import type { OrderChanges } from './store.ts'

const SETTLING = new Set([OrderCompleted.type, OrderClosed.type])

/** Writes what was decided; once it is durable, business hears of it: a count for each event, a log line for each order that is settled. */
export function record(
  tx: Tx,
  changes: OrderChanges,
  { outbox, log, told, anomalies, coordinator }: Deps,
): void {
  changes.store(tx, outbox)
  tx.afterCommit(() => {
    anomalies.inc(changes.anomalies)
    if (changes.registered.length > 0) coordinator.begin(changes.registered)
    if (changes.hasDecisions) coordinator.wake()
    for (const { type, key } of changes.published) {
      told.inc({ event: type.type })
      if (SETTLING.has(type.type)) log.info({ order_id: key, event: type.type }, 'an order is settled')
    }
  })
}
