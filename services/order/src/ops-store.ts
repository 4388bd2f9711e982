import { createParameters, where } from '@lepton/shop/conditions'
import type { Database } from '@lepton/events/postgres/database'
import type { SagaStep } from '@lepton/contracts/ops-sagas'
import type { OpsOrderQuery } from '@lepton/contracts/ops-orders'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { z } from 'zod'
import type { Order } from './order.ts'

type Wanted = Pick<z.output<typeof OpsOrderQuery>, 'view' | 'limit'> & Partial<z.output<typeof OpsOrderQuery>>

/**
 * Orders of all customers, newest first, after the position `before`. Only the conditions that are asked for are in the
 * statement, and statuses stand in it as they are, so that each list is read along an index that has no other orders.
 */
export async function listAll(
  database: Pick<Database, 'query'>,
  { view, query, status, reason, mode, older_than_s, limit }: Wanted,
  before: { created_at: string; order_id: string } | undefined,
): Promise<Order[]> {
  const isOpen =
    view === 'in_flight' || view === 'stuck' || (status !== undefined && !FINAL_STATUSES.includes(status))
  const { values, $ } = createParameters()
  const conditions = [
    view in VIEWS && VIEWS[view as keyof typeof VIEWS],
    status !== undefined && `status = '${status}'`,
    reason !== undefined && `reason = ${$(reason)}`,
    mode !== undefined && `mode = ${$(mode)}`,
    older_than_s !== undefined && `created_at < now() - make_interval(secs => ${$(older_than_s)})`,
    before !== undefined && `(created_at, order_id) < (${$(before.created_at)}, ${$(before.order_id)})`,
  ]
  const newest = `order by created_at desc, order_id desc limit ${$(limit)}`
  const those = (...more: string[]) =>
    `select * from ${isOpen ? UNSETTLED : 'order_stream'} o ${where(...more, ...conditions)} ${newest}`
  const id = query === undefined ? undefined : $(query)
  const text =
    id === undefined
      ? those()
      : `select * from ((${those(`order_id = ${id}`)}) union all (${those(`customer_id = ${id}`)})) found ${newest}`
  const { rows } = await database.query<Order>(text, values)
  return rows
}

/** The few that are not settled have an index of their own: they are found first, and sorted then (ADR 13). */
const UNSETTLED = `(select * from order_stream
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED') offset 0)`
const VIEWS = {
  cancelled: `status in ('CANCELLED', 'REJECTED')`,
  refunded: `status = 'REFUNDED'`,
  stuck: `updated_at < now() - interval '30 seconds'
    and not (waits_for_customer and decision = 'OPEN' and stock = 'held')`,
}

/** Orders that are not settled, by where they are; how long they have been there is counted from their last change. */
export async function listSteps(database: Database): Promise<z.infer<typeof SagaStep>[]> {
  const { rows } = await database.query<z.infer<typeof SagaStep>>(
    `select decision, stock, pay, waits_for_customer, count(*)::int as count, min(updated_at) as oldest_at,
       percentile_cont(0.95) within group (order by extract(epoch from now() - updated_at))::float8 as p95_s
     from ${UNSETTLED} o group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
  )
  return rows
}

export interface Anomaly {
  id: number
  order_id: string
  input: string
  decision: string
  event_id: string | null
  at: string
}

export async function listAnomalies(
  database: Database,
  before: number | undefined,
  limit: number,
): Promise<Anomaly[]> {
  const { rows } = await database.query<Anomaly>(
    'select * from order_anomalies where id < coalesce($1, 9223372036854775807) order by id desc limit $2',
    [before ?? null, limit],
  )
  return rows
}
