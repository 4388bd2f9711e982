import { type Archived, archivedOf, checkArchive, messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type AuditedReservation, auditReservations, FIRST_ID, type Violation } from '@lepton/contracts/audit'

/** What inventory knows of orders, and where its counts, ledger and reservations disagree. */
export function auditEndpoint(database: Database): Endpoint {
  return answer(auditReservations, async ({ query: { from, to } }) => {
    const { rows } = await database.query<AuditedReservation & { archived: Archived }>(
      `select r.order_id, r.state, r.pub_seq, r.last_order_seq, ${archivedOf('inventory.v1', 'r')} as archived,
         coalesce((select json_object_agg(product_id, units) from (
           select product_id, sum(d_committed)::int as units from stock_ledger l
           where l.order_id = r.order_id group by product_id having sum(d_committed) <> 0) c), '{}') as committed
       from reservation r where r.order_id between $1 and $2`,
      [from, to],
    )
    const own = rows.flatMap(({ order_id, pub_seq, archived }) => checkArchive(order_id, pub_seq, archived))
    const ofAll = from === FIRST_ID ? await findings(database) : []
    return { status: 200, body: { items: rows, findings: [...ofAll, ...own] } }
  })
}

interface Count {
  product_id: string
  available: number
  counts: string
  ledger: string
  reserved: string
}

/** I1 and I2, in one statement and so in one snapshot. */
async function findings(database: Database): Promise<Violation[]> {
  const wrong = await database.query<Count>(
    `select s.product_id, s.available,
       format('%s available, %s held, %s committed of %s', s.available, s.held, s.committed, s.received) as counts,
       format('%s, %s, %s of %s', l.available, l.held, l.committed, l.received) as ledger,
       format('%s held, %s committed', r.held, r.committed) as reserved
     from stock s
     cross join lateral (
       select coalesce(sum(d_available), 0)::int as available, coalesce(sum(d_held), 0)::int as held,
         coalesce(sum(d_committed), 0)::int as committed, coalesce(sum(d_received), 0)::int as received
       from stock_ledger where product_id = s.product_id) l
     left join (
       select product_id, sum(quantity) filter (where state = 'HELD')::int as held,
         sum(quantity) filter (where state = 'COMMITTED')::int as committed
       from reservation_item join reservation using (order_id)
       where state in ('HELD', 'COMMITTED') group by product_id) r using (product_id)
     where (s.available, s.held, s.committed, s.received) is distinct from (l.available, l.held, l.committed, l.received)
       or (s.held, s.committed) is distinct from (coalesce(r.held, 0), coalesce(r.committed, 0))
       or s.available < 0 or s.available + s.held + s.committed <> s.received`,
  )
  const overdue = await database.query<{ order_id: string }>(
    `select order_id from reservation where state = 'HELD' and hold_until < now() - interval '1 minute' limit 100`,
  )
  return [
    ...wrong.rows.map(({ product_id, available, counts, ledger, reserved }) => ({
      invariant: available < 0 ? 'I1' : 'I2',
      what: `${product_id}: ${counts}; the ledger says ${ledger}; reservations have ${reserved}`,
    })),
    ...overdue.rows.map(({ order_id }) => ({
      invariant: 'I7',
      what: 'holds stock long after its time',
      order_id,
    })),
    ...(await messagingFindings(database, 'inventory')),
  ]
}
