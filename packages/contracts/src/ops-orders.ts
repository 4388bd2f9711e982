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
import { partial } from './incomplete.ts'
import { ReservationState, Shortage, StockEntry } from './inventory.ts'
import {
  type ConsumingService,
  DeadLetter,
  LetterId,
  type PublishingService,
  PUBLISHERS,
  CONSUMERS,
} from './ops.ts'
import { AcceptedOrder, CancelReason, PayFlag, Status, StockFlag } from './order.ts'
import { Payment } from './payment.ts'
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

const OpsOrderHead = OpsOrder.extend({
  lines: z.array(Line),
  shortages: z.array(Shortage).nullable(),
  expected: z.array(ExpectedStep),
  /** What an operator may do about it now, by the order's state table. */
  allowed: z.object({ cancel: z.boolean(), refund: z.boolean(), ask_status: z.boolean() }),
})
export type OpsOrderHead = z.infer<typeof OpsOrderHead>

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
const inside = { ...operator, exposed: false, method: 'GET', params: OfOrder } as const
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
  summary: 'Orders of all customers, newest first; stuck are those that moved not for 30 seconds',
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

export const OrderStock = z.object({
  state: ReservationState,
  hold_until: Instant.nullable(),
  ledger: z.array(StockEntry),
})
export const getOrderStock = route({
  ...inside,
  operation: 'get_order_stock',
  owner: 'inventory',
  path: '/ops/orders/:order_id/stock',
  summary: "An order's reservation and its movements",
  answers: { 200: OrderStock },
})

export const PspTask = z.object({
  op: z.enum(['AUTH', 'CAPTURE', 'VOID', 'REFUND']),
  attempts: z.int(),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  next_at: Instant,
  outcome: z.string().nullable(),
  last_error: z.string().nullable(),
})
const MoneyEntry = z.object({
  id: z.int(),
  kind: z.enum(['AUTH', 'CAPTURE', 'VOID', 'REFUND']),
  amount_minor: AmountMinor,
  origin: z.enum(['SHOP', 'ELSEWHERE', 'OPERATOR']),
  at: Instant,
})
export const OrderMoney = z.object({
  payment: Payment,
  tasks: z.array(PspTask),
  ledger: z.array(MoneyEntry),
})
export const getOrderMoney = route({
  ...inside,
  operation: 'get_order_money',
  owner: 'payment',
  path: '/ops/orders/:order_id/money',
  summary: "An order's payment, what is asked of the card processor for it, and its movements",
  answers: { 200: OrderMoney },
})

export const getOpsOrder = route({
  ...operator,
  operation: 'get_ops_order',
  owner: 'ops',
  method: 'GET',
  path: '/ops/orders/:order_id',
  summary: 'One order over all services: null is what a service has not, or could not say (see incomplete)',
  params: OfOrder,
  answers: {
    200: z.object({
      ...partial,
      order: OpsOrderHead,
      stock: OrderStock.nullable(),
      money: OrderMoney.nullable(),
    }),
  },
})

const TrailEvent = z.object({
  event_id: Uuid,
  topic: z.string(),
  type: z.string(),
  sequence: z.int(),
  service: z.string(),
  instance: z.string(),
  /** When its transaction began, by the clock of the database. */
  at: Instant,
  caused_by: Uuid.nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type TrailEvent = z.infer<typeof TrailEvent>

/** What a service has published about an order, and what it could not apply. */
export function trailRoute(owner: PublishingService) {
  return route({
    ...inside,
    operation: 'get_own_trail',
    owner,
    path: '/ops/orders/:order_id/trail',
    summary: "The service's events about an order, and its dead letters",
    answers: { 200: z.object({ events: z.array(TrailEvent), dead: z.array(DeadLetter) }) },
  })
}

const Applied = z.object({ event_id: Uuid, sent_at: Instant.nullable(), at: Instant })
export type Applied = z.infer<typeof Applied>

export function appliedRoute(owner: ConsumingService) {
  return route({
    ...operator,
    exposed: false,
    operation: 'list_own_applied',
    owner,
    method: 'POST',
    path: '/ops/events/applied',
    summary: 'When the service applied these events',
    body: z
      .strictObject({ event_ids: z.array(Uuid).min(1).max(500) })
      .meta({ examples: [{ event_ids: ['01a1fea5-ba4b-71f4-85de-696148493360'] }] }),
    answers: { 200: z.object({ items: z.array(Applied) }) },
  })
}

const TimelineEvent = TrailEvent.extend({
  /** Every service that reads it; `at` is null where it was not applied yet, or too long ago to be known. */
  consumed: z.array(z.object({ service: z.string(), sent_at: Instant.nullable(), at: Instant.nullable() })),
})

export const Timeline = z.object({
  ...partial,
  /** Causes before their effects. */
  events: z.array(TimelineEvent),
  tasks: z.array(PspTask),
  dead: z.array(
    DeadLetter.pick({
      status: true,
      event_id: true,
      event_type: true,
      error_class: true,
      error_message: true,
      attempts: true,
      first_failed_at: true,
    }).extend({ letter_id: LetterId, service: z.string() }),
  ),
  expected: z.array(ExpectedStep),
})
export type Timeline = z.infer<typeof Timeline>

export const getTimeline = route({
  ...operator,
  operation: 'get_timeline',
  owner: 'ops',
  method: 'GET',
  path: '/ops/orders/:order_id/timeline',
  summary: 'What happened to an order, in all services, with causes and waits, and what is still to come',
  params: OfOrder,
  answers: { 200: Timeline },
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
  summary: 'Ask inventory and payment where they are with an order, now instead of by the timer',
  answers: { 202: AcceptedOrder },
})

export const OPS_ORDER_ROUTES = [
  listOpsOrders,
  getOpsOrder,
  getTimeline,
  cancelOpsOrder,
  refundOpsOrder,
  askOrderStatus,
  getOrderHead,
  getOrderStock,
  getOrderMoney,
  ...PUBLISHERS.map(trailRoute),
  ...CONSUMERS.map(appliedRoute),
]
