import type { Tx } from '@lepton/common/postgres'
import type { Deps } from './deps.ts'
import type { OrderChanges } from './store.ts'

/** Writes what was decided; once it is durable, business hears of it: a log line and a count for each event. */
export function record(tx: Tx, changes: OrderChanges, { outbox, log, told, anomalies }: Deps): void {
  changes.store(tx, outbox)
  tx.afterCommit(() => {
    anomalies.inc(changes.anomalies)
    for (const { type, key } of changes.published) {
      told.inc({ event: type.type })
      log.info({ order_id: key, event: type.type }, 'told')
    }
  })
}
