import type { Line, Mode } from '@lepton/contracts/fields'
import type { Shortage } from '@lepton/contracts/inventory'
import type { CancelReason, PayFlag, Status, StockFlag } from '@lepton/contracts/order'
import type { ProblemSlug } from '@lepton/contracts/problems'

export type Decision = 'OPEN' | 'CONFIRMED' | 'CANCELLED'
export interface Order {
  order_id: string
  customer_id: string
  version: number
  pub_seq: number
  mode: Mode
  decision: Decision
  reason: CancelReason | null
  stock: StockFlag
  pay: PayFlag
  status: Status
  /** What was missing where the stock was rejected. */
  shortages: Shortage[] | null
  lines: Line[]
  amount_minor: number
  currency: 'EUR'
  waits_for_customer: boolean
  deadline: string
  asked_at: string | null
  asks: number
  last_inv_seq: number
  last_pay_seq: number
  /** The W3C trace of the request that placed it: what a timer does about the order goes on with it. */
  traceparent: string | null
  tracestate: string | null
  created_at: string
  updated_at: string
}

/** What an order's stream is made of. Facts are never taken back; the order is their fold. */
export type Fact =
  | { type: 'order.placed.v1'; data: Placement }
  | { type: 'order.stock_changed.v1'; data: { stock: StockFlag; shortages?: Shortage[] } }
  | { type: 'order.payment_changed.v1'; data: { pay: PayFlag } }
  | { type: 'order.confirmed.v1'; data: Record<string, never> }
  | { type: 'order.cancelled.v1'; data: { reason: CancelReason } }
  | { type: 'order.completed.v1'; data: Record<string, never> }
  | { type: 'order.closed.v1'; data: { status: Status } }

export interface Placement {
  order_id: string
  customer_id: string
  mode: Mode
  lines: Line[]
  amount_minor: number
  currency: 'EUR'
  payment_token: string | null
  deadline: string
}

/** A two-phase order that is durable now, in the trace of the request that placed it. */
export type Begun = Placement & OrderTrace
export type OrderTrace = Pick<Order, 'traceparent' | 'tracestate'>

/** New facts of an order, and the order as it stands after them. */
export interface Change {
  facts: readonly Fact[]
  next: Order
}

export type Verdict =
  | ({ kind: 'change' } & Change)
  | { kind: 'ignore' }
  /** The last decision is published again, for a participant that seems to have missed it. */
  | { kind: 'repeat' }
  | { kind: 'anomaly' }
  | { kind: 'refuse'; slug: ProblemSlug }

/** `unanswered`: the branch has not decided, as with a card whose processor has not answered yet. */
export type TryResult = 'accepted' | 'refused' | 'unanswered'
