import type { Database } from '@lepton/events/postgres/database'
import type { OrderMoney } from '@lepton/contracts/ops-order-parts'
import type { z } from 'zod'

type Money = z.infer<typeof OrderMoney>

/** What was asked of the card processor for an order, oldest first. */
export async function tasksOf(database: Database, orderId: string): Promise<Money['tasks']> {
  const { rows } = await database.query<Money['tasks'][number]>(
    `select op, attempts, started_at, ended_at, next_at, outcome, last_error from psp_task
     where order_id = $1 order by id`,
    [orderId],
  )
  return rows
}

export async function ledgerOf(database: Database, orderId: string): Promise<Money['ledger']> {
  const { rows } = await database.query<Money['ledger'][number]>(
    'select id, kind, amount_minor, origin, at from payment_ledger where order_id = $1 order by id',
    [orderId],
  )
  return rows
}
