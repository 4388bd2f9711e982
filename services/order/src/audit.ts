import { isDeepStrictEqual } from 'node:util'
import { type Archived, archivedOf, checkArchive, messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { auditOrders, FIRST_ID, type Violation } from '@lepton/contracts/audit'
import { amountOf } from '@lepton/contracts/fields'
import { type Derived, flawOf, foldOf, type Recorded } from './history.ts'
import type { Order } from './order.ts'

interface AuditedRow extends Order {
  is_settled: boolean
  facts: Recorded[] | null
  archived: Archived
}

/** What the order service knows of its orders, and where their rows, facts and events disagree. */
export function auditEndpoint(database: Database): Endpoint {
  return answer(auditOrders, async ({ query: { from, to, limit } }) => {
    const { rows } = await database.query<AuditedRow>(
      `select o.*, ${archivedOf('order.v1', 'o')} as archived,
         o.status in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')
           and o.updated_at < now() - interval '5 seconds' as is_settled,
         (select json_agg(json_build_object('version', e.version, 'type', e.type, 'data', e.data, 'at', e.at)
            order by e.version) from order_events e where e.order_id = o.order_id) as facts
       from order_stream o where o.order_id between $1 and $2 order by o.order_id limit $3`,
      [from, to, limit],
    )
    const own = rows.flatMap((row) => [
      ...checkFold(row),
      ...checkAmount(row),
      ...checkArchive(row.order_id, row.pub_seq, row.archived),
    ])
    const until = rows.length < limit ? to : rows.at(-1)!.order_id
    const rowless = await findRowless(database, from, until)
    const ofAll = from === FIRST_ID ? await findings(database) : []
    return { status: 200, body: { items: rows.map(audited), findings: [...ofAll, ...rowless, ...own] } }
  })
}

function audited(row: AuditedRow) {
  const units = Object.fromEntries(row.lines.map(({ item_id, quantity }) => [item_id, quantity]))
  return { ...row, units }
}

/** I5: what the card is charged is what the lines cost. */
function checkAmount({ order_id, lines, amount_minor }: AuditedRow): Violation[] {
  const cost = amountOf(lines)
  if (cost === amount_minor) return []
  return [{ invariant: 'I5', what: `its lines cost ${cost}, its amount is ${amount_minor}`, order_id }]
}

/** I12: the row is the fold of the facts, and no version is missing. */
function checkFold(row: AuditedRow): Violation[] {
  const { order_id } = row
  const broken = (what: string) => [{ invariant: 'I12', what, order_id }]
  // JSON spells instants in a way of its own.
  const facts = (row.facts ?? []).map((fact) => ({ ...fact, at: new Date(fact.at).toISOString() }))
  const flaw = flawOf(facts)
  if (flaw !== undefined) return broken(flaw)
  const folded = foldOf(facts)
  return (Object.keys(folded) as (keyof Derived)[])
    .filter((field) => !isDeepStrictEqual(folded[field], row[field]))
    .flatMap((field) => broken(`its ${field} is ${shown(row[field])}, its facts say ${shown(folded[field])}`))
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** I12: every stream has its row. */
async function findRowless(database: Database, from: string, until: string): Promise<Violation[]> {
  const { rows } = await database.query<{ order_id: string }>(
    `select order_id from order_events e where order_id between $1 and $2 and version = 1
       and not exists (select from order_stream o where o.order_id = e.order_id) limit 100`,
    [from, until],
  )
  return rows.map(({ order_id }) => ({
    invariant: 'I12',
    what: 'has facts and no row: rebuild the orders',
    order_id,
  }))
}

/** I12: what keeps facts as they were written is in force. */
async function findRewritable(database: Database): Promise<Violation[]> {
  const { rows } = await database.query<{ guards: number }>(
    `select count(*)::int as guards from pg_trigger
     where tgrelid = 'order_events'::regclass and tgname like 'append_only%' and tgenabled = 'A'`,
  )
  return rows[0]!.guards === 2
    ? []
    : [{ invariant: 'I12', what: 'the event store can be rewritten: a trigger of order_events is off' }]
}

async function findings(database: Database): Promise<Violation[]> {
  const stuck = await database.query<{ order_id: string; status: string }>(
    `select order_id, status from order_stream
     where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')
       and greatest(deadline, updated_at) < now() - interval '1 minute'
     order by updated_at limit 100`,
  )
  const anomalies = await database.query<{ order_id: string; input: string; decision: string }>(
    'select order_id, input, decision from order_anomalies order by id desc limit 100',
  )
  const unkept = await database.query<{ order_id: string }>(
    `select body ->> 'order_id' as order_id from idempotency i
     where route = '/orders' and status = 202 and not exists (
       select from order_stream where order_id = (i.body ->> 'order_id')::uuid) limit 100`,
  )
  return [
    ...stuck.rows.map(({ order_id, status }) => ({ invariant: 'I7', what: `stays ${status}`, order_id })),
    ...anomalies.rows.map(({ order_id, input, decision }) => ({
      invariant: 'I12',
      what: `met ${input} while ${decision}, which cannot be`,
      order_id,
    })),
    ...unkept.rows.map(({ order_id }) => ({
      invariant: 'I4',
      what: 'its answer is kept, the order is not',
      order_id,
    })),
    ...(await findRewritable(database)),
    ...(await messagingFindings(database, 'order')),
  ]
}
