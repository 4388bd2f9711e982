import { nameOf } from '@lepton/common/http/auth'
import { decodeCursor, encodeCursor, isCount } from '@lepton/common/runtime/cursor'
import { audit } from '@lepton/events/audit'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type Refusal } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import { listUnsettledPayments, retryPayment, settlePayment } from '@lepton/contracts/payment-ops'
import { getOrderMoney } from '@lepton/contracts/ops-order-parts'
import { openTasks } from './claim-store.ts'
import type { Deps } from './deps.ts'
import type { PspResult } from './domain.ts'
import { isAskedAgain, outcomeOf } from './outcome.ts'
import { ledgerOf, tasksOf } from './money-store.ts'
import { pspKeyOf } from './psp-key.ts'
import { findShown } from './store.ts'
import { listUnsettled, retryNow } from './task-store.ts'
import { settleTogether } from './tasks.ts'

/** What operators see of payments that do not settle, and do about them. */
export function opsRoutes(deps: Deps): Endpoint[] {
  const { database, tasksDue } = deps
  return [
    answer(listUnsettledPayments, async ({ query: { min_attempts, cursor, limit } }) => {
      const after = cursor === undefined ? 0 : Number(decodeCursor(cursor, [isCount])[0])
      const rows = await listUnsettled(database, { minAttempts: min_attempts, after, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      return {
        status: 200,
        body: { items: rows, next_cursor: last === undefined ? null : encodeCursor([String(last.id)]) },
      }
    }),

    answer(getOrderMoney, async ({ params: { order_id } }) => {
      const payment = await findShown(database, order_id)
      if (payment === undefined) throw refuse('not-found', 'No payment of this order is known yet.')
      const [tasks, ledger] = await Promise.all([tasksOf(database, order_id), ledgerOf(database, order_id)])
      return { status: 200, body: { payment, tasks, ledger } }
    }),

    answer(retryPayment, async ({ params: { order_id }, body: { new_key, reason }, caller }) => {
      const task = await openTask(database, order_id)
      if (new_key && task.op === 'AUTH') {
        throw invalid('/new_key', 'would make a second charge: an authorisation keeps its key')
      }
      const generation = task.generation + (new_key ? 1 : 0)
      const shown = await database.inTransaction(async (tx) => {
        const pspKey = pspKeyOf(order_id, task.op, generation)
        const row = await retryNow(tx, task, { generation, pspKey })
        if (row === undefined) throw settled()
        const result = `${task.op} ${new_key ? 'with a new key' : 'is asked for again'}`
        audit(tx, { who: nameOf(caller), reason }, { action: 'retry', target: `payment ${order_id}`, result })
        tx.afterCommit(tasksDue.notify)
        return row
      })
      return { status: 202, body: shown }
    }),

    answer(settlePayment, async ({ params: { order_id }, body, caller }) => {
      const { charge_state: state, reason } = body
      const task = await openTask(database, order_id)
      const charge_id = body.charge_id ?? task.charge_id
      const result = outcomeOf(task.op, { state, charge_id: charge_id ?? '', decline_reason: null }, reason)
      if (result.kind === 'refused' && isAskedAgain(task.op))
        throw invalid('/charge_state', `would leave the ${task.op} open`)
      if (result.kind !== 'refused' && charge_id === null) throw invalid('/charge_id', 'is missing')
      let isSettled = false
      await settleTogether(deps, [{ task, result: byHand(result) }], (tx) => {
        isSettled = true
        const done = { action: 'settle', target: `payment ${order_id}`, result: `${task.op}: ${state}` }
        audit(tx, { who: nameOf(caller), reason }, done)
      })
      if (!isSettled) throw settled()
      return { status: 200, body: await findShown(database, order_id) }
    }),
  ]
}

function byHand(result: PspResult): PspResult {
  return result.kind === 'refused' ? { ...result, reason: 'refused' } : { ...result, origin: 'OPERATOR' }
}

/** @throws Refusal `payment-settled` where nothing is asked of the processor for this order */
async function openTask(database: Database, orderId: string) {
  const [task] = await openTasks(database, orderId)
  if (task === undefined) throw settled()
  return task
}

function settled(): Refusal {
  return refuse('payment-settled', 'Nothing is asked of the card processor for this order any more.')
}

function invalid(pointer: string, detail: string): Refusal {
  return refuse('invalid-request', 'The payment cannot be settled like that.', {
    errors: [{ pointer, detail }],
  })
}
