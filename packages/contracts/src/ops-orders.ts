import { z } from 'zod'
import {
  AmountMinor,
  Currency,
  Cursor,
  Instant,
  Limit,
  Line,
  Mode,
  pageOf,
  Reason,
  Uuid,
  wholeText,
} from './fields.ts'
import { Shortage } from './inventory.ts'
import { AcceptedOrder, CancelReason, PayFlag, Status, StockFlag } from './order.ts'
import { route } from './route.ts'

// Orders as operators see them: of all customers, over all services, with what is still to come.

const OfOrder = z.strictObject({ order_id: Uuid })

/** A step that an order is still to take; `since` is null for one that comes after others. */
export const ExpectedStep = z.object({
  step: z.string(),
  service: z.string(),
  since: Instant.nullable(),
  deadline: Instant.nullable(),
})
export type ExpectedStep = z.infer<typeof ExpectedStep>

const OpsOrder = z.object({
  order_id: Uuid,
  customer_id: Uuid,
  status: Status,
  decision: z.enum(['OPEN', 'CONFIRMED', 'CANCELLED']),
  reason: CancelReason.nullable(),
  mode: Mode,
  stock: StockFlag,
  pay: PayFlag,
  amount_minor: AmountMinor,
  currency: Currency,
  deadline: Instant,
  created_at: Instant,
  updated_at: Instant,
  /** What it waits for now; null where it is settled. */
  waits_for: ExpectedStep.nullable(),
})

export const OpsOrderHead = OpsOrder.extend({
  lines: z.array(Line),
  shortages: z.array(Shortage).nullable(),
  expected: z.array(ExpectedStep),
  /** What an operator may do about it now, by the order's state table. */
  allowed: z.object({ cancel: z.boolean(), refund: z.boolean(), ask_status: z.boolean() }),
})
export type OpsOrderHead = z.infer<typeof OpsOrderHead>

/** An order after each fact of its stream. */
const OrderVersions = z.object({
  items: z.array(
    OpsOrder.pick({ status: true, decision: true, reason: true, stock: true, pay: true }).extend({
      version: z.int(),
      type: z.string(),
      at: Instant,
    }),
  ),
})
export type OrderVersions = z.infer<typeof OrderVersions>

export const OpsOrderQuery = z.strictObject({
  view: z.enum(['all', 'in_flight', 'stuck', 'cancelled', 'refunded']).default('all'),
  /** The id of an order, or of its customer. */
  query: Uuid.optional(),
  status: Status.optional(),
  reason: CancelReason.optional(),
  mode: Mode.optional(),
  older_than_s: wholeText(0, 100_000_000).optional(),
  cursor: Cursor.optional(),
  limit: Limit.default(50),
})

const operator = { access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false, method: 'GET', params: OfOrder } as const
const act = {
  ...operator,
  owner: 'order',
  method: 'POST',
  params: OfOrder,
  body: z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'trying it out' }] }),
  problems: ['order-not-ready', 'order-settled'],
} as const

export const listOpsOrders = route({
  ...operator,
  operation: 'list_ops_orders',
  owner: 'order',
  method: 'GET',
  path: '/ops/orders',
  summary: 'Orders of all customers, newest first; an order is stuck when it has not moved for 30 seconds',
  query: OpsOrderQuery,
  answers: { 200: pageOf(OpsOrder) },
})

export const getOrderHead = route({
  ...inside,
  operation: 'get_order_head',
  owner: 'order',
  path: '/ops/orders/:order_id/head',
  summary: 'An order with what it waits for and what may be done about it',
  answers: { 200: OpsOrderHead },
})

export const getOrderVersions = route({
  ...operator,
  operation: 'get_order_versions',
  owner: 'order',
  method: 'GET',
  path: '/ops/orders/:order_id/versions',
  summary: 'What an order was after each fact of its stream, from its placement on',
  params: OfOrder,
  answers: { 200: OrderVersions },
  problems: ['not-found'],
})

export const cancelOpsOrder = route({
  ...act,
  operation: 'cancel_ops_order',
  path: '/ops/orders/:order_id/cancel',
  summary: "Cancel an order on its customer's behalf; the state table decides as it does for the customer",
  answers: { 200: AcceptedOrder, 202: AcceptedOrder },
})

export const refundOpsOrder = route({
  ...act,
  operation: 'refund_ops_order',
  path: '/ops/orders/:order_id/refund',
  summary: "Give an order back on its customer's behalf",
  answers: { 200: AcceptedOrder, 202: AcceptedOrder },
})

export const askOrderStatus = route({
  ...act,
  operation: 'ask_order_status',
  path: '/ops/orders/:order_id/ask-status',
  summary: 'Ask inventory and payment for the state of an order now, before the timer does',
  answers: { 202: AcceptedOrder },
})
