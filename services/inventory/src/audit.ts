import { type Archived, archivedOf, checkArchive, messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import {
  type AuditedReservation,
  auditReservations,
  auditStock,
  FIRST_ID,
  type Violation,
} from '@lepton/contracts/audit'

/** A product of which the ledger has another number of units than the reservation. */
interface Unlike {
  product_id: string
  held: number
  committed: number
}

/** What inventory knows of orders, and where its reservations, counts and ledger disagree. */
export function auditEndpoints(database: Database): Endpoint[] {
  return [
    answer(auditReservations, async ({ query: { from, to } }) => {
      const { rows } = await database.query<
        AuditedReservation & { archived: Archived; unlike: readonly Unlike[] }
      >(
        `select r.order_id, r.state, r.pub_seq, r.last_order_seq, ${archivedOf('inventory.v1', 'r')} as archived,
           l.committed, l.unlike
         from reservation r cross join lateral (
           select coalesce(json_object_agg(product_id, committed) filter (where committed <> 0), '{}') as committed,
             coalesce(json_agg(json_build_object(
               'product_id', product_id, 'held', held - to_hold, 'committed', committed - to_commit) order by product_id)
               filter (where (held, committed) <> (to_hold, to_commit)), '[]') as unlike
           from (
             select product_id, sum(d_held)::int as held, sum(d_committed)::int as committed,
               sum(to_hold)::int as to_hold, sum(to_commit)::int as to_commit
             from (
               select product_id, d_held, d_committed, 0 as to_hold, 0 as to_commit
               from stock_ledger where order_id = r.order_id
               union all
               select product_id, 0, 0, case r.state when 'HELD' then quantity else 0 end,
                 case r.state when 'COMMITTED' then quantity else 0 end
               from reservation_item where order_id = r.order_id) moved
             group by product_id) of_product) l
         where r.order_id between $1 and $2`,
        [from, to],
      )
      const own = rows.flatMap(({ order_id, state, pub_seq, archived, unlike }) => [
        ...checkArchive(order_id, pub_seq, archived),
        ...unlike.map(({ product_id, held, committed }) => ({
          invariant: 'I2',
          what: `is ${state}, but of ${product_id} the ledger has ${held} held and ${committed} committed beside it`,
          order_id,
        })),
      ])
      const ofAll = from === FIRST_ID ? await findings(database) : []
      return { status: 200, body: { items: rows, findings: [...ofAll, ...own] } }
    }),

    answer(auditStock, async ({ query: { after, limit } }) => {
      const counts = await readCounts(database, after, limit)
      const next = counts.length < limit ? null : counts.at(-1)!.product_id
      return { status: 200, body: { findings: counts.flatMap(checkCount), next } }
    }),
  ]
}

interface Count {
  product_id: string
  available: number
  is_right: boolean
  counts: string
  ledger: string
}

/** A product's counts and its whole ledger, in one statement and so in one snapshot. */
async function readCounts(
  database: Database,
  after: string | undefined,
  limit: number,
): Promise<readonly Count[]> {
  const { rows } = await database.query<Count>(
    `select s.product_id, s.available,
       (s.available, s.held, s.committed, s.received) is not distinct from (l.available, l.held, l.committed, l.received)
         and s.available >= 0 and s.available + s.held + s.committed = s.received as is_right,
       format('%s available, %s held, %s committed of %s', s.available, s.held, s.committed, s.received) as counts,
       format('%s, %s, %s of %s', l.available, l.held, l.committed, l.received) as ledger
     from (select * from stock where product_id > coalesce($1, '') order by product_id limit $2) s
     cross join lateral (
       select coalesce(sum(d_available), 0)::int as available, coalesce(sum(d_held), 0)::int as held,
         coalesce(sum(d_committed), 0)::int as committed, coalesce(sum(d_received), 0)::int as received
       from stock_ledger where product_id = s.product_id) l
     order by s.product_id`,
    [after ?? null, limit],
  )
  return rows
}

/** I1 and I2. */
function checkCount({ product_id, available, is_right, counts, ledger }: Count): Violation[] {
  if (is_right) return []
  const what = `${product_id}: ${counts}; the ledger says ${ledger}`
  return [{ invariant: available < 0 ? 'I1' : 'I2', what }]
}

async function findings(database: Database): Promise<Violation[]> {
  const overdue = await database.query<{ order_id: string }>(
    `select order_id from reservation where state = 'HELD' and hold_until < now() - interval '1 minute' limit 100`,
  )
  return [
    ...overdue.rows.map(({ order_id }) => ({
      invariant: 'I7',
      what: 'holds stock long after its time',
      order_id,
    })),
    ...(await messagingFindings(database, 'inventory')),
  ]
}
