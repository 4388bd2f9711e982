import type { Tx } from '@lepton/events/postgres/transaction'
import type { Deps } from './deps.ts'
import type { OrderChanges } from './orders.ts'

/** Writes what was decided, and passes it on once it is durable. */
export function record(
  tx: Tx,
  changes: OrderChanges,
  { outbox, anomalies, committed }: Pick<Deps, 'outbox' | 'anomalies' | 'committed'>,
): void {
  changes.store(tx, outbox)
  tx.afterCommit(() => {
    anomalies.inc(changes.anomalies)
    committed.notify(changes)
  })
}
