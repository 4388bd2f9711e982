import { isWithout } from '@lepton/common/runtime/fault-injection'
import type { Outbox } from '@lepton/events/outbox'
import type { Tx } from '@lepton/events/postgres/postgres'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import type { Deps } from './deps.ts'
import { onCancelled } from './domain.ts'
import { lockOverdue, lockReservations } from './reservations.ts'

const BATCH = 100
const OVERDUE_EVERY_MS = 5_000

/** Asks after holds that outlived their order's deadline. Units go back only when the order says so. */
export function startOverdueQuestions({ database, outbox, log }: Deps): Part {
  return startTimer(
    'overdue reservations',
    OVERDUE_EVERY_MS,
    () =>
      database.inTransaction(async (tx) => {
        const { ids, changes } = await lockOverdue(tx, BATCH)
        if (isWithout('arbiter')) {
          await release(tx, outbox, ids)
        } else {
          for (const id of ids) changes.askWhatBecameOf(id)
          changes.store(tx, outbox)
        }
        return ids.length === BATCH
      }),
    log,
  )
}

/** What a shop without an arbiter does: takes back what is held too long, whatever the order decides meanwhile. */
async function release(tx: Tx, outbox: Outbox, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const changes = await lockReservations(tx, ids, [])
  for (const id of ids) changes.carryOut(id, onCancelled(changes.reservation(id).state), undefined)
  changes.store(tx, outbox)
}
