import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Task } from './claim-store.ts'
import type { Operation, PspResult } from './domain.ts'

/** Notes outcomes; returns the ids of those that had none yet. */
export async function endTasks(
  tx: Tx,
  results: readonly { task: Pick<Task, 'id'>; result: Pick<PspResult, 'kind'> }[],
): Promise<Set<number>> {
  const { rows } = await tx.query<{ id: number }>(
    `update psp_task t set outcome = r.outcome, ended_at = now()
     from unnest($1::bigint[], $2::text[]) as r(id, outcome)
     where t.id = r.id and t.outcome is null returning t.id`,
    [results.map(({ task }) => task.id), results.map(({ result }) => result.kind)],
  )
  return new Set(rows.map(({ id }) => id))
}

/** Gives a task back, due in `waitMs`, with the error that it met. */
export async function postponeTask(
  database: Database,
  { id, generation }: Pick<Task, 'id' | 'generation'>,
  { waitMs, error }: { waitMs: number; error: string },
): Promise<void> {
  await database.query(
    `update psp_task set lease_until = null, next_at = now() + $2 * interval '1 ms', last_error = $3
     where id = $1 and generation = $4 and outcome is null`,
    [id, waitMs, error.slice(0, 500), generation],
  )
}

/** The same for a task that goes on with a new key. */
export async function postponeWithKey(
  database: Database,
  { id, generation }: Pick<Task, 'id' | 'generation'>,
  { waitMs, error, pspKey }: { waitMs: number; error: string; pspKey: string },
): Promise<void> {
  await database.query(
    `update psp_task set lease_until = null, next_at = now() + $2 * interval '1 ms', last_error = $3,
       generation = generation + 1, psp_key = $5
     where id = $1 and generation = $4 and outcome is null`,
    [id, waitMs, error, generation, pspKey],
  )
}

const SHOWN = `t.id, t.order_id, p.state, t.op as operation, p.amount_minor, p.currency, p.charge_id, t.attempts,
  t.generation, t.last_error, t.started_at, t.next_at`

/** What operators see of a task. */
export interface ShownTask {
  id: number
  operation: Operation
}

export async function listUnsettled(
  database: Database,
  { minAttempts, after, limit }: { minAttempts: number; after: number; limit: number },
): Promise<ShownTask[]> {
  const { rows } = await database.query<ShownTask>(
    // The few open tasks are found by their own index, and then sorted: not the other way round (ADR 13).
    `select ${SHOWN} from (select * from psp_task where outcome is null and attempts >= $1 offset 0) t
     join payment p using (order_id) where t.id > $2 order by t.id limit $3`,
    [minAttempts, after, limit],
  )
  return rows
}

/** Makes a task due now under this key. A request that is in flight keeps its lease: a new key is used when it is over. */
export async function retryNow(
  tx: Tx,
  task: Pick<Task, 'id' | 'generation'>,
  { generation, pspKey }: { generation: number; pspKey: string },
): Promise<ShownTask | undefined> {
  const { rows } = await tx.query<ShownTask>(
    `with again as (
       update psp_task set next_at = now(), generation = $2, psp_key = $3
       where id = $1 and outcome is null and generation = $4 returning *)
     select ${SHOWN} from again t join payment p using (order_id)`,
    [task.id, generation, pspKey, task.generation],
  )
  return rows[0]
}
