import type { Database } from '@lepton/events/postgres/database'
import type { SagaStep } from '@lepton/contracts/ops-sagas'
import type { OpsOrderQuery } from '@lepton/contracts/ops-orders'
import type { z } from 'zod'
import type { Order } from './order.ts'

type Wanted = Pick<z.output<typeof OpsOrderQuery>, 'view' | 'limit'> & Partial<z.output<typeof OpsOrderQuery>>

const STATUSES: Partial<Record<string, readonly string[]>> = {
  cancelled: ['CANCELLED', 'REJECTED'],
  refunded: ['REFUNDED'],
}

/** Orders of all customers, newest first, after the position `before`. */
export async function listAll(
  database: Database,
  { view, query, status, reason, mode, older_than_s, limit }: Wanted,
  before: { created_at: string; order_id: string } | undefined,
): Promise<Order[]> {
  const { rows } = await database.query<Order>(
    `select * from ${view === 'in_flight' || view === 'stuck' ? UNSETTLED : 'order_stream'} o
     where ($1::uuid is null or order_id = $1 or customer_id = $1)
       and ($2::text[] is null or status = any($2)) and ($3::text is null or status = $3)
       and ($4::text is null or reason = $4) and ($5::text is null or mode = $5)
       and ($6::int is null or created_at < now() - make_interval(secs => $6))
       and ($7::timestamptz is null or (created_at, order_id) < ($7, $8::uuid))
       ${view === 'stuck' ? STUCK : ''}
     order by created_at desc, order_id desc limit $9`,
    [
      query ?? null,
      STATUSES[view] ?? null,
      status ?? null,
      reason ?? null,
      mode ?? null,
      older_than_s ?? null,
      before?.created_at ?? null,
      before?.order_id ?? null,
      limit,
    ],
  )
  return rows
}

/** The few that are not settled have an index of their own: they are found first, and sorted then (ADR 13). */
const UNSETTLED = `(select * from order_stream
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED') offset 0)`
const STUCK = `and updated_at < now() - interval '30 seconds'
  and not (waits_for_customer and decision = 'OPEN' and stock = 'held')`

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
    'select * from order_anomalies where $1::bigint is null or id < $1 order by id desc limit $2',
    [before ?? null, limit],
  )
  return rows
}
