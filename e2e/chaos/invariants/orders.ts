import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Operation } from '../history.ts'
import type { Facts, OrderFact, Violation } from './facts.ts'
import { poisonedKeys } from './log.ts'

const LATE_MS = 60_000
const MAKES_AN_ORDER: readonly Operation['kind'][] = ['place', 'place_unpaid', 'checkout']

/** The requests that may have made an order, by the order they make. */
export function requestsByOrder(history: readonly Operation[]): Map<string, Operation[]> {
  const makers = history.filter(
    ({ kind, order_id }) => MAKES_AN_ORDER.includes(kind) && order_id !== undefined,
  )
  return Map.groupBy(makers, ({ order_id }) => order_id!)
}

/** I3: every accepted order is there, as it was asked for; there is none that was refused or never asked for. */
export function noLostOrder({ history, orders }: Facts): Violation[] {
  const asked = requestsByOrder(history)
  const there = new Map(orders.map((order) => [order.order_id, order]))
  const lost = [...asked].flatMap(([order_id, requests]) => {
    const accepted = requests.find(({ outcome }) => outcome === 'ok')
    if (accepted === undefined) return []
    const order = there.get(order_id)
    if (order === undefined) return [violation('I3', 'was accepted and is lost', order_id)]
    if (order.customer_id !== accepted.customer_id) return [violation('I3', "became another's", order_id)]
    return isAsAsked(order.lines, accepted)
      ? []
      : [violation('I3', `holds other lines than were accepted: ${JSON.stringify(order.lines)}`, order_id)]
  })
  const unexpected = orders.flatMap(({ order_id }) => {
    const requests = asked.get(order_id)
    if (requests === undefined) return [violation('I3', 'it was not asked for', order_id)]
    return requests.every(({ outcome }) => outcome === 'fail')
      ? [violation('I3', 'was refused and is there', order_id)]
      : []
  })
  return [...lost, ...unexpected]
}

function isAsAsked(
  lines: readonly { item_id: string; quantity: number }[],
  { kind, body }: Operation,
): boolean {
  // What a cart held is the cart's own memory.
  if (kind === 'checkout') return true
  const wanted = (body as { lines: { item_id: string; quantity: number }[] }).lines
  const spell = (all: typeof wanted) =>
    all
      .map(({ item_id, quantity }) => `${item_id} ${quantity}`)
      .sort()
      .join()
  return spell([...lines]) === spell(wanted)
}

/** I4: one key is one order and one answer; the same key with other content is refused. */
export function oneOrderPerKey({ history, orders, stockLedger }: Facts): Violation[] {
  const there = new Set(orders.map(({ order_id }) => order_id))
  const perOrder = [...requestsByOrder(history)].flatMap(([order_id, requests]) => {
    const accepted = requests.filter(({ outcome }) => outcome === 'ok')
    const answers = accepted.map(({ answer }) => (answer as { order_id?: string } | undefined)?.order_id)
    const found: Violation[] = []
    const others = new Set(answers.filter((id) => id !== order_id))
    for (const other of others)
      found.push(violation('I4', `the same key answered ${other ?? 'nothing'}`, order_id))
    if (new Set(accepted.map(({ body }) => JSON.stringify(body))).size > 1) {
      found.push(violation('I4', 'the same key was accepted with two contents', order_id))
    }
    if (accepted.length > 0 && !there.has(order_id)) {
      found.push(violation('I4', 'the answer is kept for its key, the order is not', order_id))
    }
    return found
  })
  const booked = Map.groupBy(
    stockLedger.filter(({ receipt_id }) => receipt_id !== null),
    ({ receipt_id }) => receipt_id!,
  )
  const perReceipt = history
    .filter(({ kind, outcome }) => kind === 'restock' && outcome === 'ok')
    .flatMap(({ key = '', body }) => {
      const { quantity } = body as { quantity: number }
      const entries = booked.get(key) ?? []
      return entries.length === 1 && entries[0]!.d_received === quantity
        ? []
        : [{ invariant: 'I4' as const, what: `receipt ${key} was booked ${entries.length} times` }]
    })
  return [...perOrder, ...perReceipt]
}

/** I7: every order is final in time, and nothing is left to do. */
export function finalState({
  orders,
  checkouts,
  unfinished,
  twoPhase,
  reservations,
  quietAfterMs,
}: Facts): Violation[] {
  const there = new Set(orders.map(({ order_id }) => order_id))
  const late = quietAfterMs === undefined || quietAfterMs > LATE_MS
  return [
    ...(late ? [{ invariant: 'I7' as const, what: `not quiet ${LATE_MS} ms after the last fault` }] : []),
    ...orders
      .filter(({ status }) => !FINAL_STATUSES.includes(status))
      .map(({ order_id, status }) => violation('I7', `stays ${status}`, order_id)),
    ...checkouts
      .filter(({ order_id }) => !there.has(order_id))
      .map(({ order_id }) => violation('I7', 'was checked out and has no stream', order_id)),
    ...reservations
      .filter(({ state }) => state === 'HELD')
      .map(({ order_id }) => violation('I7', 'holds stock indefinitely', order_id)),
    ...twoPhase
      .filter(({ state }) => !['CONFIRMED', 'CANCELLED'].includes(state))
      .map(({ gid, state }) => violation('I7', `its two-phase transaction stays ${state}`, gid)),
    ...unfinished
      .filter(({ count }) => count > 0)
      .map(({ owner, what, count }) => ({
        invariant: 'I7' as const,
        what: `${owner}: ${count} ${what} left`,
      })),
  ]
}

/** I12: an order is the fold of its facts; nothing impossible was met; no event came before its predecessor. */
export function historyIsState({ orders, orderFacts, anomalies, deadLetters, log }: Facts): Violation[] {
  const streams = Map.groupBy(orderFacts, ({ order_id }) => order_id)
  const poisoned = poisonedKeys({ deadLetters, log })
  const differing = orders.flatMap((order) => {
    const facts = (streams.get(order.order_id) ?? []).toSorted((a, b) => a.version - b.version)
    const folded = fold(facts)
    const wrong = (['status', 'stock', 'pay', 'decision', 'reason'] as const).filter(
      (field) => folded[field] !== order[field],
    )
    const isContiguous = facts.every(({ version }, index) => version === index + 1)
    return [
      ...wrong.map((field) => `its ${field} is ${order[field]}, its facts say ${folded[field]}`),
      ...(isContiguous && facts.length === order.version ? [] : [`its ${facts.length} versions have gaps`]),
    ].map((what) => violation('I12', what, order.order_id))
  })
  return [
    ...differing,
    ...anomalies.map(({ order_id, input, decision }) =>
      violation('I12', `met ${input} while ${decision}, which cannot be`, order_id),
    ),
    ...Object.values(deadLetters)
      .flat()
      .filter(({ error_message, key }) => error_message === null && !poisoned.has(key))
      .map(({ key, topic }) => violation('I12', `an event of ${topic} came before its predecessor`, key)),
  ]
}

/** The order that its facts make, worked out without a line of the order service. */
function fold(facts: readonly OrderFact[]) {
  const order = {
    status: 'none',
    stock: 'pending',
    pay: 'pending',
    decision: 'OPEN',
    reason: null as string | null,
  }
  for (const { type, data } of facts) {
    if (type === 'order.placed.v1') order.status = 'PLACED'
    if (type === 'order.stock_changed.v1') {
      order.stock = data.stock!
      if (data.stock === 'held' && order.status === 'PLACED') order.status = 'RESERVED'
    }
    if (type === 'order.payment_changed.v1') order.pay = data.pay!
    if (type === 'order.confirmed.v1') Object.assign(order, { decision: 'CONFIRMED', status: 'CONFIRMED' })
    if (type === 'order.cancelled.v1') {
      Object.assign(order, { decision: 'CANCELLED', status: 'CANCELLING', reason: data.reason })
    }
    if (type === 'order.completed.v1') order.status = 'COMPLETED'
    if (type === 'order.closed.v1') order.status = data.status!
  }
  return order
}

const violation = (invariant: Violation['invariant'], what: string, order_id: string): Violation => ({
  invariant,
  what,
  order_id,
})
