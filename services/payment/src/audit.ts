import { type Archived, archivedOf, checkArchive, messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type AuditedPayment, auditPayments, FIRST_ID, type Violation } from '@lepton/contracts/audit'
import type { PspClient } from './psp-client.ts'

/** What payment knows of orders, beside what the card processor has booked for them. */
export function auditEndpoint({ database, psp }: { database: Database; psp: PspClient }): Endpoint {
  return answer(auditPayments, async ({ query: { from, to } }) => {
    const rows = await readPayments(database, from, to)
    const charges = await psp.export(from, to)
    const own = rows.flatMap(({ order_id, pub_seq, archived }) => checkArchive(order_id, pub_seq, archived))
    const ofAll = from === FIRST_ID ? await findings(database) : []
    return { status: 200, body: { items: rows, charges, findings: [...ofAll, ...own] } }
  })
}

/** Payments by the ids of their orders, both ends included. The ledger is looked up for each: a join would read all before them. */
export async function readPayments(database: Pick<Database, 'query'>, from: string, to: string) {
  const { rows } = await database.query<AuditedPayment & { archived: Archived }>(
    `select p.order_id, p.state, p.pub_seq, p.last_order_seq, p.last_inv_seq,
       ${archivedOf('payment.v1', 'p')} as archived, l.captured_minor, l.refunded_minor
     from payment p cross join lateral (
       select coalesce(sum(amount_minor) filter (where kind = 'CAPTURE'), 0)::bigint as captured_minor,
         coalesce(sum(amount_minor) filter (where kind = 'REFUND'), 0)::bigint as refunded_minor
       from payment_ledger where order_id = p.order_id) l
     where p.order_id between $1 and $2`,
    [from, to],
  )
  return rows
}

async function findings(database: Database): Promise<Violation[]> {
  const late = await database.query<{
    order_id: string
    op: string
    attempts: number
    last_error: string | null
  }>(
    `select order_id, op, attempts, last_error from psp_task
     where outcome is null and started_at < now() - interval '5 minutes' limit 100`,
  )
  return [
    ...late.rows.map(({ order_id, op, attempts, last_error }) => ({
      invariant: 'I7',
      what: `its ${op} is not done after ${attempts} attempts: ${last_error ?? 'no answer yet'}`,
      order_id,
    })),
    ...(await messagingFindings(database, 'payment')),
  ]
}
