import { failpoint } from '@lepton/common/fault-injection'
import { createGroupCommit } from '@lepton/common/group-commit'
import type { Part } from '@lepton/common/service'
import { startTimer } from '@lepton/common/timer'
import type { Database } from '@lepton/common/postgres'
import { continueTrace, withTrace } from '@lepton/common/trace'
import type { Deps } from './deps.ts'
import { onResult, type Operation, type PspResult } from './domain.ts'
import { lockPayments } from './payments.ts'
import type { PspRequest } from './psp-client.ts'

interface Task extends PspRequest {
  id: number
  attempts: number
  is_old: boolean
  cause_id: string | null
  traceparent: string | null
}

interface Result {
  task: Task
  result: PspResult
}

const POLL_MS = 1_000
const LEASE_MS = 15_000
const MAX_UNDER_WAY = 32
const RETRY_MS = { first: 200, most: 30_000 }
const ALARM_ATTEMPTS = 10

/**
 * Asks the card processor what the payments need of it, until each task has an outcome.
 *
 * The call stands between two transactions. A crash anywhere repeats the call with the same key; an
 * unknown outcome (no answer, a 5xx) is asked again for as long as it takes, never taken for a no.
 */
export function startTasks(deps: Deps): Part & { wake(): void } {
  const { database, log } = deps
  const settle = createGroupCommit<Result>((results) => settleTogether(deps, results), MAX_UNDER_WAY)
  let underWay = 0

  const timer = startTimer(
    'psp tasks',
    POLL_MS,
    async () => {
      const free = MAX_UNDER_WAY - underWay
      const tasks = free === 0 ? [] : await claim(database, free)
      for (const task of tasks) {
        underWay++
        void withTrace(continueTrace(task.traceparent ?? undefined), () => carryOut(deps, task, settle))
          .catch((error: unknown) => postpone(deps, task, error))
          .catch((error: unknown) =>
            log.warn({ err: error, task: task.id }, 'the lease will end and the task be taken again'),
          )
          .finally(() => {
            underWay--
            timer.wake()
          })
      }
      return tasks.length === free && free > 0
    },
    log,
  )
  return timer
}

async function carryOut(deps: Deps, task: Task, settle: (results: Result[]) => Promise<void>): Promise<void> {
  failpoint('psp.before_call')
  const result = (task.is_old ? await knownResult(deps, task) : undefined) ?? (await deps.psp.carryOut(task))
  failpoint('psp.after_call')
  if (result.kind === 'refused' && (task.op === 'VOID' || task.op === 'REFUND')) {
    throw new Error(`the processor refused ${task.op}: ${result.reason}`)
  }
  await settle([{ task, result }])
}

/** Believes what the processor answered, for all tasks that came back meanwhile in one transaction. */
async function settleTogether(
  { database, outbox, wakeTasks, answers }: Deps,
  results: readonly Result[],
): Promise<void> {
  await database.inTransaction(async (tx) => {
    const changes = await lockPayments(tx, [...new Set(results.map(({ task }) => task.order_id))])
    const { rows } = await tx.query<{ id: number }>(
      `update psp_task t set outcome = r.outcome, ended_at = now()
       from unnest($1::bigint[], $2::text[]) as r(id, outcome)
       where t.id = r.id and t.outcome is null returning t.id`,
      [results.map(({ task }) => task.id), results.map(({ result }) => result.kind)],
    )
    const open = new Set(rows.map(({ id }) => id))
    for (const { task, result } of results) {
      // Another instance took the task over after its lease and was first.
      if (!open.delete(task.id)) continue
      const { order_id, op, cause_id, traceparent } = task
      const cause =
        cause_id === null ? undefined : { event_id: cause_id, traceparent: traceparent ?? undefined }
      changes.carryOut(onResult(changes.payment(order_id), op, result), cause)
      if (result.kind === 'done') changes.book(order_id, op)
    }
    changes.store(tx, outbox)
    if (changes.hasTasks) tx.afterCommit(wakeTasks)
    tx.afterCommit(() => answers.heard(results.map(({ task }) => task.order_id)))
  })
}

/** A processor forgets its keys after a day: what it did is then asked by the order's id. */
async function knownResult({ psp }: Deps, { order_id, op }: Task): Promise<PspResult | undefined> {
  const charge = await psp.find(order_id)
  const reached: Record<Operation, string[]> = {
    AUTH: ['AUTHORIZED', 'CAPTURED', 'VOIDED', 'REFUNDED'],
    CAPTURE: ['CAPTURED', 'REFUNDED'],
    VOID: ['VOIDED'],
    REFUND: ['REFUNDED'],
  }
  if (charge === undefined) return undefined
  if (op === 'AUTH' && charge.state === 'DECLINED')
    return { kind: 'refused', reason: charge.decline_reason ?? 'declined' }
  return reached[op].includes(charge.state) ? { kind: 'done', charge_id: charge.charge_id } : undefined
}

/**
 * Asks the processor what it has booked for an order's open tasks, also while their own requests are still
 * under way: whoever is first settles a task.
 */
export async function lookUpTasks(deps: Deps, orderId: string): Promise<void> {
  const { rows } = await deps.database.query<Task>(
    `select t.id, t.order_id, t.op, t.psp_key, t.attempts, t.cause_id, t.traceparent, false as is_old,
       p.amount_minor, p.currency, p.payment_token, p.charge_id
     from psp_task t join payment p using (order_id) where order_id = $1 and outcome is null`,
    [orderId],
  )
  for (const task of rows) {
    const result = await knownResult(deps, task)
    failpoint('psp.after_call')
    if (result !== undefined) await settleTogether(deps, [{ task, result }])
  }
}

async function postpone({ database, log }: Deps, task: Task, error: unknown): Promise<void> {
  const waitMs =
    Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(task.attempts - 1, 10)) * (0.5 + Math.random() / 2)
  const line = { err: error, order_id: task.order_id, op: task.op, attempts: task.attempts }
  if (task.attempts >= ALARM_ATTEMPTS) log.error(line, 'the processor does not settle a task')
  else log.info(line, 'the outcome is unknown; the same request is sent again')
  await database.query(
    `update psp_task set lease_until = null, next_at = now() + $2 * interval '1 ms' where id = $1 and outcome is null`,
    [task.id, waitMs],
  )
}

async function claim(database: Database, limit: number): Promise<Task[]> {
  const { rows } = await database.query<Task>(
    `with claimed as (
       update psp_task set lease_until = now() + $2 * interval '1 ms', attempts = attempts + 1,
         started_at = coalesce(started_at, now())
       where id in (
         select id from psp_task
         where outcome is null and next_at <= now() and (lease_until is null or lease_until < now())
         order by next_at limit $1 for update skip locked)
       returning *)
     select t.id, t.order_id, t.op, t.psp_key, t.attempts, t.cause_id, t.traceparent,
       t.started_at < now() - interval '20 hours' as is_old,
       p.amount_minor, p.currency, p.payment_token, p.charge_id
     from claimed t join payment p using (order_id)`,
    [limit, LEASE_MS],
  )
  return rows
}
