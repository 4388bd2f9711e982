import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { KeptTrace } from '@lepton/common/runtime/trace'
import type { PspRequest } from './psp-client.ts'

export interface Task extends PspRequest, KeptTrace {
  id: number
  attempts: number
  generation: number
  /** When the processor was first asked. */
  started_at: string | null
  /** Why the last attempt had no outcome. */
  last_error: string | null
  cause_id: string | null
}

export interface Places {
  /** Tasks in flight in this process. */
  maxInFlight: number
  /** Tasks of one customer in flight, over all processes; a moment's more where two claim at once. */
  maxPerCustomer: number
}

/** Longer than one attempt: a request of `PSP_TIMEOUT_MS` at most, a look-up before and one after it. */
const LEASE_MS = 15_000
/** Customers that one claim looks at beyond the head of the queue. */
const CUSTOMERS_AT_ONCE = 200

const COLUMNS = `t.id, t.order_id, t.op, t.psp_key, t.attempts, t.generation, t.started_at, t.last_error, t.cause_id, t.traceparent, t.tracestate,
  p.amount_minor, p.currency, p.payment_token, p.charge_id`

const IS_DUE = `t.outcome is null and t.next_at <= now() and (t.lease_until is null or t.lease_until < now())`

/**
 * Claims those of `due` (id, customer_id, next_at) whose customers have places left, oldest first. Rows are looked up
 * one by one, by `offset 0` and `ctid`: no plan may read the backlog instead (ADR 13).
 */
const claimOf = (due: string) => `
  with in_flight as (
    select customer_id, count(*) as tasks from psp_task
    where outcome is null and lease_until is not null and lease_until >= now() group by customer_id),
  ${due},
  ranked as (
    select id, next_at, coalesce(tasks, 0) + row_number() over (partition by customer_id order by next_at, id) as place
    from due left join in_flight using (customer_id)),
  claimed as (
    update psp_task set lease_until = now() + $3 * interval '1 ms', attempts = attempts + 1,
      started_at = coalesce(started_at, now())
    where ctid = any(array(
      select t.ctid from (select id from ranked where place <= $2 order by next_at limit $1) chosen
      cross join lateral (
        select ctid from psp_task t where t.id = chosen.id and ${IS_DUE} for update skip locked offset 0) t))
    returning *)
  select due.seen, ${COLUMNS} from (select count(*)::int as seen from due) due
  left join (claimed t cross join lateral (select * from payment where order_id = t.order_id offset 0) p) on true`

/** The head of the queue, of whichever customers. */
const HEAD = claimOf(`
  due as (select t.id, t.customer_id, t.next_at from psp_task t where ${IS_DUE} order by t.next_at limit $4)`)

/** The first tasks of each of these customers. */
const OF_CUSTOMERS = claimOf(`
  due as (select mine.* from unnest($4::uuid[]) as customer(id) cross join lateral (
    select t.id, t.customer_id, t.next_at from psp_task t
    where t.customer_id = customer.id and ${IS_DUE} order by t.next_at limit $2) mine)`)

/** The next customers with open tasks after one: the index is entered once for each of them. */
const CUSTOMERS = `
  with recursive customer as (
    (select customer_id, 1 as n from psp_task where outcome is null and customer_id > $1 order by customer_id limit 1)
    union all
    select (select t.customer_id from psp_task t where t.outcome is null and t.customer_id > customer.customer_id
      order by t.customer_id limit 1), n + 1
    from customer where customer_id is not null and n < $2)
  select customer_id from customer where customer_id is not null`

const FIRST_CUSTOMER = '00000000-0000-0000-0000-000000000000'

export interface Claimed {
  tasks: Task[]
  /** Whether there are due tasks whose customers or this process had no place left. */
  isMore: boolean
}

export interface Claim {
  /**
   * Usually the head of the queue has them all. Where one customer's backlog fills it, the queue is entered by customer
   * instead, a part of them at a time, so that a claim stays cheap and everybody's turn comes.
   */
  due(free: number): Promise<Claimed>
  /** From the head of the queue, with what this transaction has put into it: claimed if it commits. */
  within(tx: Tx, free: number, onClaimed: (claimed: Claimed) => void): void
}

interface ClaimedRow {
  seen: number
  id: number | null
}

/** Claims due tasks for as long as the lease, at most so many of one customer. */
export function createClaim(database: Database, { maxPerCustomer }: Pick<Places, 'maxPerCustomer'>): Claim {
  let from = FIRST_CUSTOMER

  const values = (free: number, among: number | string[]) => [free, maxPerCustomer, LEASE_MS, among]
  const windowOf = (free: number) => 2 * free + maxPerCustomer

  async function run(statement: string, free: number, among: number | string[]) {
    const { rows } = await database.query<ClaimedRow>(statement, values(free, among))
    return resultOf(rows)
  }

  async function nextCustomers(): Promise<string[]> {
    const { rows } = await database.query<{ customer_id: string }>(CUSTOMERS, [from, CUSTOMERS_AT_ONCE])
    from = rows.length < CUSTOMERS_AT_ONCE ? FIRST_CUSTOMER : rows.at(-1)!.customer_id
    return rows.map(({ customer_id }) => customer_id)
  }

  return {
    due: async (free) => {
      const window = windowOf(free)
      const head = await run(HEAD, free, window)
      const left = free - head.tasks.length
      if (left === 0 || head.seen < window) return head
      const others = await run(OF_CUSTOMERS, left, await nextCustomers())
      return { tasks: [...head.tasks, ...others.tasks], isMore: head.isMore }
    },
    within: (tx, free, onClaimed) =>
      tx.write<ClaimedRow>(HEAD, values(free, windowOf(free)), (rows) => onClaimed(resultOf(rows))),
  }
}

/** Where nothing was claimed there is a row that says how much was seen. */
function resultOf(rows: readonly ClaimedRow[]): Claimed & { seen: number } {
  const tasks = rows.filter(({ id }) => id !== null) as unknown as Task[]
  const { seen } = rows[0]!
  return { seen, tasks, isMore: seen > tasks.length }
}

/** The tasks of an order that have no outcome yet, also those in flight. */
export function openTasks(database: Database, orderId: string): Promise<Task[]> {
  return tasksOf(database, orderId, 'outcome is null')
}

/**
 * The open tasks of an order whose outcome the state of its charge can show.
 *
 * A charge does not say who moved it. So a capture, void or refund whose request is in flight waits for its own
 * answer: a refusal is what shows that the charge was moved at the processor.
 */
export function tasksToLookUp(database: Database, orderId: string): Promise<Task[]> {
  const isNotInFlight = 'attempts > 0 and (lease_until is null or lease_until < now())'
  return tasksOf(database, orderId, `outcome is null and (op = 'AUTH' or ${isNotInFlight})`)
}

async function tasksOf(database: Database, orderId: string, condition: string): Promise<Task[]> {
  const { rows } = await database.query<Task>(
    `select ${COLUMNS} from psp_task t join payment p using (order_id) where order_id = $1 and ${condition}`,
    [orderId],
  )
  return rows
}
