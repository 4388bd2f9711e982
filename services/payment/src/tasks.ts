import { failpoint } from '@lepton/common/runtime/fault-injection'
import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import { equalJitterMs } from '@lepton/common/runtime/backoff'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Tx } from '@lepton/events/postgres/transaction'
import { startTimer } from '@lepton/common/runtime/timer'
import { resumeTrace } from '@lepton/common/runtime/span'
import { type Claimed, createClaim, type Task, tasksToLookUp } from './claim-store.ts'
import type { Deps } from './deps.ts'
import type { PspResult } from './domain.ts'
import { chargeOf, isAskedAgain, outcomeOf } from './outcome.ts'
import { lockPayments } from './payments.ts'
import { OutcomeUnknown } from './psp-answer.ts'
import { onResult } from './result.ts'
import { pspKeyOf } from './psp-key.ts'
import { endTasks, postponeTask, postponeWithKey } from './task-store.ts'

interface Result {
  task: Task
  result: PspResult
}

const POLL_MS = 2_000
const MAX_TOGETHER = 32
const RETRY = { baseMs: 200, maxMs: 30_000 }
const ALARM_ATTEMPTS = 10
/** Begins the last error of a task whose request was refused: what is done afterwards was done by hand. */
const REFUSED = 'refused: '

/**
 * Asks the card processor what the payments need of it, until each task has an outcome.
 *
 * The call stands between two transactions. A crash anywhere repeats the call with the same key; an unknown outcome
 * is asked for again for as long as it takes, and never taken for a no.
 */
export function startTasks(deps: Deps): Part {
  const { database, log, places, tasksMade, tasksDue } = deps
  const settle = createGroupCommit<Result>((results) => settleTogether(deps, results), MAX_TOGETHER)
  const claim = createClaim(database, places)
  let inFlight = 0
  let isMore = false
  let isClaiming = false
  let hasMissed = false
  let isStopping = false

  function begin(tasks: readonly Task[]): void {
    for (const task of tasks) {
      inFlight++
      void resumeTrace(task, { name: `card ${task.op}`, kind: 'internal' }, () =>
        carryOut(deps, task, settle),
      )
        .catch((error: unknown) => postpone(deps, task, error))
        .catch((error: unknown) =>
          log.warn({ err: error, task: task.id }, 'task not settled, will be claimed again after its lease'),
        )
        .finally(() => {
          inFlight--
          if (isMore) timer.wake()
        })
    }
  }

  /**
   * Claims what a transaction has written in the same one: without a transaction and a round trip of its own. One claim
   * at a time, since none sees what another is about to commit, and a customer's places are counted.
   */
  function claimIn(tx: Tx, count: number): void {
    if (count === 0) return
    const free = places.maxInFlight - inFlight
    if (isStopping || isClaiming || free <= 0) return tx.afterCommit(timer.wake)
    isClaiming = true
    let claimed: Claimed = { tasks: [], isMore: true }
    claim.within(tx, Math.min(count, free), (result) => {
      claimed = result
    })
    tx.afterCommit(() => begin(claimed.tasks))
    tx.atEnd(() => {
      isClaiming = false
      if (claimed.isMore || hasMissed) timer.wake()
      hasMissed = false
    })
  }

  const timer = startTimer(
    'psp tasks',
    POLL_MS,
    async () => {
      const free = places.maxInFlight - inFlight
      hasMissed ||= isClaiming
      if (free === 0 || isClaiming) return false
      isClaiming = true
      const claimed = await claim.due(free).finally(() => {
        isClaiming = false
      })
      isMore = claimed.isMore
      begin(claimed.tasks)
      return claimed.tasks.length === free
    },
    log,
  )
  tasksDue.add(timer.wake)
  tasksMade.add(({ tx, count }) => claimIn(tx, count))
  return {
    stop: () => {
      // What it claimed from here on would wait for the end of its lease.
      isStopping = true
      return timer.stop()
    },
  }
}

async function carryOut(deps: Deps, task: Task, settle: (results: Result[]) => Promise<void>): Promise<void> {
  failpoint('psp.before_call')
  // An earlier request may have done it, and the processor may have forgotten its key by now: asked for again without
  // a look-up, it would be done twice.
  const known = task.attempts > 1 ? await knownResult(deps, task) : undefined
  const result = known ?? (await askProcessor(deps, task))
  failpoint('psp.after_call')
  if (result.kind === 'refused' && isAskedAgain(task.op)) await askWithNewKey(deps, task, result.reason)
  else await settle([{ task, result }])
}

/**
 * Asks for the operation. A refusal may mean that the charge was moved elsewhere first: its state says so.
 *
 * @throws OutcomeUnknown when the processor decided nothing
 */
async function askProcessor({ psp }: Deps, task: Task): Promise<PspResult> {
  const { op, order_id, charge_id } = task
  const answer = await psp.carryOut(task)
  if ('refusal' in answer) {
    const { refusal } = answer
    const charges = await psp.find(order_id).catch((error: unknown) => {
      // Noted, so that the next attempt does not take for ours what was done by hand.
      throw new OutcomeUnknown(REFUSED + refusal, { cause: error })
    })
    return outcomeOf(op, chargeOf(charges, charge_id), refusal)
  }
  const result = outcomeOf(op, answer.charge)
  if (result === undefined)
    throw new OutcomeUnknown(`the processor answered a charge that is ${answer.charge.state}`)
  return result
}

/** What the processor has booked; undefined where the operation is still to be asked for. */
async function knownResult(
  { psp }: Deps,
  { op, order_id, charge_id, last_error }: Task,
): Promise<PspResult | undefined> {
  const charge = chargeOf(await psp.find(order_id), charge_id)
  const known = outcomeOf(op, charge)
  if (known?.kind !== 'done' || op === 'AUTH' || last_error?.startsWith(REFUSED) !== true) return known
  return outcomeOf(op, charge, last_error.slice(REFUSED.length))
}

/**
 * Believes what the processor answered, for all tasks that have come back since, in one transaction. `settled` runs in
 * it for each task that was still open.
 */
export async function settleTogether(
  { database, outbox, tasksMade, answers, log }: Deps,
  results: readonly Result[],
  settled: (tx: Tx, task: Task) => void = () => undefined,
): Promise<void> {
  await database.inTransaction(async (tx) => {
    const [changes, open] = await Promise.all([
      lockPayments(
        tx,
        results.map(({ task }) => task.order_id),
      ),
      endTasks(tx, results),
    ])
    for (const { task, result } of results) {
      // Another instance took the task over after its lease and was first.
      if (!open.delete(task.id)) continue
      settled(tx, task)
      const { order_id, op, cause_id, traceparent, tracestate } = task
      const cause = { event_id: cause_id, traceparent, tracestate }
      const before = changes.payment(order_id)
      const verdict = onResult(before, op, result)
      changes.carryOut(verdict, cause, task.started_at)
      const { note } = verdict.payment
      if (note !== before.note)
        tx.afterCommit(() => log.warn({ order_id, op, note }, 'the money was not moved by the shop alone'))
    }
    changes.store(tx, outbox)
    tasksMade.notify({ tx, count: changes.newTasks })
    tx.afterCommit(() => {
      for (const { task, result } of results)
        if (result.kind === 'done') answers.settled(task.order_id, task.op)
      answers.heard(results.map(({ task }) => changes.payment(task.order_id)))
    })
  })
}

/**
 * Looks up what the processor has booked for an order's open tasks. An authorisation is settled by whichever comes
 * first, this look-up or the answer to its own request.
 */
export async function lookUpTasks(deps: Deps, orderId: string): Promise<void> {
  for (const task of await tasksToLookUp(deps.database, orderId)) {
    const result = await knownResult(deps, task)
    failpoint('psp.after_call')
    if (result !== undefined) await settleTogether(deps, [{ task, result }])
  }
}

/** The outcome is unknown: the same key again, later. */
async function postpone(deps: Deps, task: Task, error: unknown): Promise<void> {
  const waitMs = Math.max(backoffMs(task), error instanceof OutcomeUnknown ? error.retryAfterMs : 0)
  report(deps, task, { err: error }, 'outcome unknown, will repeat the same request')
  await postponeTask(deps.database, task, { waitMs, error: (error as Error).message })
  wakeAfter(deps, waitMs)
}

/** A definite refusal stays under its key: the next attempt has another. */
async function askWithNewKey(deps: Deps, task: Task, reason: string): Promise<void> {
  const { order_id, op, generation } = task
  const waitMs = backoffMs(task)
  report(deps, task, { reason }, 'the processor refused, will retry with a new key')
  const pspKey = pspKeyOf(order_id, op, generation + 1)
  await postponeWithKey(deps.database, task, { waitMs, error: REFUSED + reason, pspKey })
  wakeAfter(deps, waitMs)
}

/** Sooner than the next look at the queue, where that is earlier. */
function wakeAfter({ tasksDue }: Deps, waitMs: number): void {
  // Timers may fire a millisecond early, when nothing is due yet.
  if (waitMs < POLL_MS) setTimeout(tasksDue.notify, waitMs + 5).unref()
}

function report({ log }: Deps, { order_id, op, attempts }: Task, why: object, message: string): void {
  const line = { ...why, order_id, op, attempts }
  if (attempts >= ALARM_ATTEMPTS) log.error(line, 'the processor does not settle a task')
  else log.info(line, message)
}

function backoffMs({ attempts }: Task): number {
  return equalJitterMs(attempts - 1, RETRY, Math.random)
}
