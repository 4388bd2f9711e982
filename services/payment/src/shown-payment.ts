import type { Database } from '@lepton/events/postgres/postgres'
import type { Payment } from './domain.ts'

/** What the ledger adds to a payment, for the people who look at it. */
export interface Moved {
  captured_minor: number
  refunded_minor: number
}

export const NOTHING_MOVED: Moved = { captured_minor: 0, refunded_minor: 0 }

export async function findShown(database: Database, orderId: string): Promise<(Payment & Moved) | undefined> {
  const { rows } = await database.query<Payment & Moved>(
    `select payment.*, moved.* from payment cross join lateral (
       select coalesce(sum(amount_minor) filter (where kind = 'CAPTURE'), 0)::bigint as captured_minor,
         coalesce(sum(amount_minor) filter (where kind = 'REFUND'), 0)::bigint as refunded_minor
       from payment_ledger where order_id = $1) moved
     where order_id = $1`,
    [orderId],
  )
  return rows[0]
}
