import { type Archived, archivedOf, checkArchive, messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { auditOrders, FIRST_ID, type Violation } from '@lepton/contracts/audit'
import { amountOf } from '@lepton/contracts/fields'
import { evolve, placedOrder } from './domain.ts'
import type { Fact, Order } from './order.ts'

interface AuditedRow extends Order {
  is_settled: boolean
  facts: (Fact & { version: number; at: string })[]
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
    const ofAll = from === FIRST_ID ? await findings(database) : []
    return { status: 200, body: { items: rows.map(audited), findings: [...ofAll, ...own] } }
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
  const { order_id, facts } = row
  const broken = (what: string) => [{ invariant: 'I12', what, order_id }]
  const [first, ...rest] = facts ?? []
  if (first?.type !== 'order.placed.v1') return broken('its facts do not begin with its placement')
  if (facts.some(({ version }, index) => version !== index + 1))
    return broken('a version is missing among its facts')
  const folded = rest.reduce<Order>(evolve, placedOrder(first.data, first.at))
  const fields = ['status', 'decision', 'reason', 'stock', 'pay', 'version', 'amount_minor', 'mode'] as const
  return fields
    .filter((field) => folded[field] !== row[field])
    .flatMap((field) => broken(`its ${field} is ${row[field]}, its facts say ${folded[field]}`))
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
    ...(await messagingFindings(database, 'order')),
  ]
}
