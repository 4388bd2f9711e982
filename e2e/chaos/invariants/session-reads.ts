import type { Status } from '@lepton/contracts/order'
import type { Operation } from '../history.ts'
import type { Facts, Violation } from './facts.ts'
import { requestsByOrder } from './orders.ts'

/** How far along an order is; it never goes back, and what is final in one way never becomes final in another. */
const RANK: Record<Status, number> = {
  SUBMITTED: 0,
  PLACED: 1,
  RESERVED: 2,
  CONFIRMED: 3,
  COMPLETED: 4,
  CANCELLING: 5,
  CANCELLED: 6,
  REJECTED: 6,
  REFUNDED: 6,
}

interface Seen {
  status: Status
  at_ns: number
}

/** I13: a customer never sees an order go back, and finds every order that was accepted. */
export function sessionReads({ history }: Facts): Violation[] {
  const acceptedAt = new Map<string, { customer_id: string; at_ns: number }>()
  for (const [order_id, requests] of requestsByOrder(history)) {
    const accepted = requests.filter(({ outcome }) => outcome === 'ok')
    if (accepted.length === 0) continue
    const at_ns = Math.min(...accepted.map(({ completed_ns }) => completed_ns))
    acceptedAt.set(order_id, { customer_id: accepted[0]!.customer_id, at_ns })
  }
  const ordersOf = Map.groupBy(acceptedAt, ([, { customer_id }]) => customer_id)
  const customers = Map.groupBy(history, ({ customer_id }) => customer_id)
  return [...customers].flatMap(([customer, operations]) => {
    const own = ordersOf.get(customer) ?? []
    return [...missing(operations, own), ...goingBack(operations)]
  })
}

function missing(operations: readonly Operation[], own: [string, { at_ns: number }][]): Violation[] {
  return operations.flatMap((operation): Violation[] => {
    const expected = own.filter(([, { at_ns }]) => at_ns < operation.invoked_ns).map(([id]) => id)
    if (operation.kind === 'read_order' && operation.status === 404) {
      return expected.includes(operation.order_id!)
        ? [violation('was accepted and then not found', operation.order_id!)]
        : []
    }
    if (operation.kind !== 'list_orders' || operation.outcome !== 'ok' || isIncomplete(operation)) return []
    const listed = new Set(statusesIn(operation).map(([id]) => id))
    return expected
      .filter((id) => !listed.has(id))
      .map((id) => violation('was accepted and is not in the list', id))
  })
}

/** While the cart service is away, the list says that its part is missing. */
function isIncomplete({ answer }: Operation): boolean {
  return ((answer as { incomplete?: unknown[] }).incomplete ?? []).length > 0
}

function goingBack(operations: readonly Operation[]): Violation[] {
  const found: Violation[] = []
  const last = new Map<string, Seen>()
  for (const operation of operations.toSorted((a, b) => a.invoked_ns - b.invoked_ns)) {
    for (const [order_id, status] of statusesIn(operation)) {
      const before = last.get(order_id)
      // Requests that overlap may be answered in any order.
      if (before !== undefined && before.at_ns < operation.invoked_ns) {
        const isBack = RANK[status] < RANK[before.status]
        const isOtherEnd = RANK[status] === RANK[before.status] && status !== before.status
        if (isBack || isOtherEnd) found.push(violation(`was ${before.status} and then ${status}`, order_id))
      }
      if (before === undefined || before.at_ns < operation.completed_ns) {
        last.set(order_id, { status, at_ns: operation.completed_ns })
      }
    }
  }
  return found
}

/** What an answer tells about orders. The answer to a repeated request is the first one, so it tells nothing new. */
function statusesIn({ kind, outcome, answer }: Operation): [string, Status][] {
  if (outcome !== 'ok') return []
  if (kind === 'read_order' || kind === 'cancel' || kind === 'refund') {
    const { order_id, status } = answer as { order_id: string; status: Status }
    return [[order_id, status]]
  }
  if (kind !== 'list_orders') return []
  const { items } = answer as { items: { order_id: string; status: Status }[] }
  return items.map(({ order_id, status }) => [order_id, status])
}

const violation = (what: string, order_id: string): Violation => ({ invariant: 'I13', what, order_id })
