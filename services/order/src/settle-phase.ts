import { equalJitterMs } from '@lepton/common/runtime/backoff'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { Refusal } from '@lepton/common/runtime/problem'
import { resumeTrace } from '@lepton/common/runtime/span'
import { settleBranch } from './branches.ts'
import type { Deps } from './deps.ts'
import { decideParticipants } from './participants.ts'
import {
  claimTransactions,
  type DueTransaction,
  postponeTransaction,
  stopTransaction,
} from './transaction-store.ts'

const RETRY = { baseMs: 400, maxMs: 10_000 }
const ALARM_ATTEMPTS = 10

/**
 * Takes whatever is due, wherever its process died, and drives it on: confirms or cancels what is decided, and cancels
 * what is undecided at its deadline (presumed abort). Every process may do this, again and again.
 *
 * @param wake runs when a transaction that was postponed is due again
 * @returns the ends of those that were taken, which do not reject
 */
export async function recoverDue(deps: Deps, limit: number, wake: () => void): Promise<Promise<void>[]> {
  // Both branches may use all their time before another process takes the transaction over.
  const due = await claimTransactions(deps.database, limit, 2 * deps.branchTimeoutMs + 1_000)
  return due.map((transaction) =>
    resumeTrace(transaction, { name: 'two-phase, recovered', kind: 'internal' }, () =>
      recover(deps, transaction, wake),
    ).catch((error: unknown) =>
      deps.log.warn({ err: error, order_id: transaction.gid }, 'a transaction is left to its lease'),
    ),
  )
}

async function recover(
  deps: Deps,
  { gid, state, attempts, unsettled, participants }: DueTransaction,
  wake: () => void,
): Promise<void> {
  // Moves the transaction to CANCELLING, unless it was decided in between: due at once either way.
  const { database, log, together } = deps
  if (state === 'TRYING')
    return participants === null
      ? together.decide([{ gid, input: 'try_unanswered' }])
      : decideParticipants(database, {
          gid,
          state: 'CANCELLING',
          reason: 'it was not decided by its deadline',
        })
  const settled: string[] = []
  const faults: Error[] = []
  await Promise.all(
    unsettled.map(async (branch) => {
      try {
        await settleBranch(deps, { gid, participants }, branch, state)
        settled.push(branch)
      } catch (error) {
        faults.push(error as Error)
      }
      if (unsettled.length > 1 && settled.length + faults.length === 1) failpoint('tcc.mid_confirm')
    }),
  )
  if (settled.length > 0 || unsettled.length === 0) await together.settled([{ gid, branches: settled }])
  const contradiction = faults.find((fault) => fault instanceof Refusal && fault.slug === 'branch-settled')
  const [fault] = faults
  if (contradiction !== undefined) await stop(deps, gid, contradiction)
  else if (fault !== undefined) {
    const line = { err: fault, order_id: gid, state, attempts }
    if (attempts >= ALARM_ATTEMPTS) log.error(line, 'a branch does not settle')
    else log.info(line, 'branch not settled, will retry')
    const waitMs = equalJitterMs(attempts - 1, RETRY, Math.random)
    await postponeTransaction(database, gid, { waitMs, error: fault.message })
    setTimeout(wake, waitMs).unref()
  }
}

async function stop({ database, log, anomalies }: Deps, gid: string, error: Error): Promise<void> {
  anomalies.inc(1)
  log.error({ err: error, order_id: gid }, 'a branch contradicts the decision; the transaction is stopped')
  await stopTransaction(database, gid, error.message)
}
