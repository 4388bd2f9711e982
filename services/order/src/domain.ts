import type { Shortage } from '@lepton/contracts/inventory'
import type { CancelReason, PayFlag, Status, StockFlag } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import type { Fact, Order, OrderTrace, Placement, Verdict } from './order.ts'
import { type Cell, type Input, OPEN_IN_TWO_PHASES, TABLE } from './state-table.ts'

const STOCK_CLEAN: readonly StockFlag[] = ['rejected', 'released', 'restocked']
const PAY_CLEAN: readonly PayFlag[] = ['declined', 'voided', 'refunded']

export const NO_TRACE: OrderTrace = { traceparent: null, tracestate: null }

export function isSettled(order: Order): boolean {
  return FINAL_STATUSES.includes(order.status)
}

/** The order as it stands after its first fact. */
export function placedOrder(placement: Placement, now: string, trace: OrderTrace = NO_TRACE): Order {
  const { payment_token, ...order } = placement
  return {
    ...order,
    version: 1,
    pub_seq: 0,
    decision: 'OPEN',
    reason: null,
    stock: 'pending',
    pay: 'pending',
    shortages: null,
    status: 'PLACED',
    waits_for_customer: payment_token === null,
    asked_at: null,
    asks: 0,
    last_inv_seq: 0,
    last_pay_seq: 0,
    traceparent: trace.traceparent,
    tracestate: trace.tracestate,
    created_at: now,
    updated_at: now,
  }
}

/**
 * What an input means for an order: the state table, and what follows from it (completion, closing).
 *
 * Has an answer for every input in every state and never throws. A settled order ignores what
 * participants still report; only a refund request moves it again.
 */
export function decide(order: Order, input: Input): Verdict {
  if (isSettled(order) && input.kind === 'reported') return { kind: 'ignore' }
  const cell = cellOf(order, input)
  if (typeof cell === 'string') return { kind: cell }
  if ('refuse' in cell) return { kind: 'refuse', slug: cell.refuse }
  if (cell.onlyIf !== undefined && !cell.onlyIf.holds(order)) return cell.otherwise ?? { kind: 'anomaly' }
  const facts = factsOf(order, cell, input.shortages)
  if (facts.length === 0) return { kind: 'ignore' }
  const next = facts.reduce(evolve, order)
  const last = closing(next)
  return last === undefined
    ? { kind: 'change', facts, next }
    : { kind: 'change', facts: [...facts, last], next: evolve(next, last) }
}

function cellOf({ mode, decision }: Order, { name }: Input): Cell {
  const cell = mode === 'two_phase' && decision === 'OPEN' ? OPEN_IN_TWO_PHASES[name] : undefined
  return cell ?? TABLE[name][decision]
}

function factsOf(
  order: Order,
  cell: Extract<Cell, { stock?: unknown }>,
  shortages: Shortage[] | undefined,
): Fact[] {
  const facts: Fact[] = []
  if (cell.stock !== undefined && cell.stock !== order.stock) {
    facts.push({
      type: 'order.stock_changed.v1',
      data: { stock: cell.stock, ...(shortages && { shortages }) },
    })
  }
  if (cell.pay !== undefined && cell.pay !== order.pay) {
    facts.push({ type: 'order.payment_changed.v1', data: { pay: cell.pay } })
  }
  if (cell.confirm === true) facts.push({ type: 'order.confirmed.v1', data: {} })
  if (cell.cancel !== undefined) facts.push({ type: 'order.cancelled.v1', data: { reason: cell.cancel } })
  return facts
}

/** The fact that settles the order, where there is nothing left that it waits for. */
function closing({ decision, stock, pay, reason }: Order): Fact | undefined {
  if (decision === 'CONFIRMED' && stock === 'committed' && pay === 'captured') {
    return { type: 'order.completed.v1', data: {} }
  }
  if (decision === 'CANCELLED' && STOCK_CLEAN.includes(stock) && PAY_CLEAN.includes(pay)) {
    return { type: 'order.closed.v1', data: { status: closedStatus(reason) } }
  }
  return undefined
}

function closedStatus(reason: CancelReason | null): Status {
  switch (reason) {
    case 'OUT_OF_STOCK':
    case 'DECLINED':
      return 'REJECTED'
    case 'REFUND':
      return 'REFUNDED'
    case 'CUSTOMER':
    case 'EXPIRED':
    case 'CAPTURE_FAILED':
    case null:
      return 'CANCELLED'
  }
}

/** The order after one more fact: the fold that rebuilds an order from its stream. */
export function evolve(order: Order, fact: Fact): Order {
  const next = { ...order, version: order.version + 1 }
  switch (fact.type) {
    case 'order.placed.v1':
      return placedOrder(fact.data, order.created_at, order)
    case 'order.stock_changed.v1': {
      const { stock, shortages = order.shortages } = fact.data
      const isReserved = order.decision === 'OPEN' && stock === 'held'
      return { ...next, stock, shortages, status: isReserved ? 'RESERVED' : order.status }
    }
    case 'order.payment_changed.v1':
      return { ...next, pay: fact.data.pay }
    case 'order.confirmed.v1':
      return { ...next, decision: 'CONFIRMED', status: 'CONFIRMED' }
    case 'order.cancelled.v1':
      return { ...next, decision: 'CANCELLED', status: 'CANCELLING', reason: fact.data.reason }
    case 'order.completed.v1':
      return { ...next, status: 'COMPLETED' }
    case 'order.closed.v1':
      return { ...next, status: fact.data.status }
  }
}
