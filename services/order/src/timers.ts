import { failpoint } from '@lepton/common/runtime/fault-injection'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import type { Deps } from './deps.ts'
import { decide } from './domain.ts'
import { record } from './record.ts'
import { lockOverdue, lockStuck } from './orders.ts'

const BATCH = 100
const DEADLINE_EVERY_MS = 2_000
const STUCK_EVERY_MS = 5_000

/** Cancels orders whose deadline passed. Every instance runs this; rows are shared by SKIP LOCKED. */
export function startDeadlines(deps: Deps): Part {
  const { database, log } = deps
  return startTimer(
    'deadlines',
    DEADLINE_EVERY_MS,
    () =>
      database.inTransaction(async (tx) => {
        const changes = await lockOverdue(tx, BATCH)
        if (changes.orders.size > 0) failpoint('timer.after_claim')
        for (const order of [...changes.orders.values()]) {
          const verdict = decide(order, { kind: 'asked', name: 'deadline_passed' })
          if (verdict.kind === 'change') changes.append(order, verdict, undefined)
        }
        record(tx, changes, deps)
        return changes.orders.size === BATCH
      }),
    log,
  )
}

/** Asks the participants of orders that have stood still: a lost answer is repaired, not waited for. */
export function startAntiEntropy(deps: Deps): Part {
  const { database, log } = deps
  return startTimer(
    'anti-entropy',
    STUCK_EVERY_MS,
    () =>
      database.inTransaction(async (tx) => {
        const changes = await lockStuck(tx, BATCH)
        for (const order of [...changes.orders.values()]) {
          if (order.asks >= 3) log.error({ order_id: order.order_id, status: order.status }, 'order is stuck')
          changes.requestStatus(order)
        }
        record(tx, changes, deps)
        return changes.orders.size === BATCH
      }),
    log,
  )
}
