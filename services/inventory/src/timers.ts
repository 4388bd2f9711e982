import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import type { Deps } from './deps.ts'
import { lockOverdue } from './reservations.ts'

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
        for (const id of ids) changes.askWhatBecameOf(id)
        changes.store(tx, outbox)
        return ids.length === BATCH
      }),
    log,
  )
}
