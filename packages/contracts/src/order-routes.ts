import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, Uuid, wholeText } from './fields.ts'
import { AcceptedOrder, Admission, Order, OrderHistory, PlaceOrder, Room } from './order.ts'
import { incomplete } from './incomplete.ts'
import { route } from './route.ts'

const OfOrder = z.strictObject({ order_id: Uuid })
/** An order as it was: after its fact number `version`, or at an instant. */
const AsOf = z
  .strictObject({ version: wholeText(1, 1_000_000).optional(), at: Instant.optional() })
  .refine(({ version, at }) => version === undefined || at === undefined, {
    path: ['at'],
    error: 'must not come with version',
  })
const Paging = z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(20) })

export const placeOrder = route({
  operation: 'place_order',
  owner: 'order',
  method: 'POST',
  path: '/orders',
  summary: 'Buy without a cart; without a payment token the order waits for POST /payments',
  access: ['customer'],
  priority: 'intake',
  idempotency: 'required',
  body: PlaceOrder,
  answers: { 202: AcceptedOrder },
  problems: ['duplicate-lines', 'unknown-item', 'payment-token-missing', 'too-many-open-orders'],
})

export const checkAdmission = route({
  operation: 'check_admission',
  owner: 'order',
  method: 'POST',
  path: '/admission',
  summary:
    'Whether an order of the caller would be accepted now, by the limits of one customer and by what the shop can carry out',
  access: ['customer'],
  delegates: ['cart'],
  exposed: false,
  priority: 'intake',
  body: Admission,
  answers: { 204: null },
  problems: ['too-many-open-orders'],
})

export const getRoom = route({
  operation: 'get_room',
  owner: 'order',
  method: 'GET',
  path: '/admission',
  summary: 'How many more orders the shop can take; null while there is no limit',
  access: ['service'],
  callers: ['gateway'],
  exposed: false,
  priority: 'settle',
  answers: { 200: Room },
  problems: [],
})

export const listOrders = route({
  operation: 'list_orders',
  owner: 'order',
  method: 'GET',
  path: '/orders',
  summary: 'My orders, newest first',
  access: ['customer'],
  query: Paging,
  answers: { 200: pageOf(Order).extend({ incomplete }) },
  problems: [],
})

export const getOrder = route({
  operation: 'get_order',
  owner: 'order',
  method: 'GET',
  path: '/orders/:order_id',
  summary: 'One order as it is, or as it was after its first `version` facts or `at` an instant',
  access: ['customer'],
  delegates: ['cart', 'payment'],
  params: OfOrder,
  query: AsOf,
  answers: { 200: Order },
  problems: [],
})

export const streamOrder = route({
  operation: 'stream_order',
  owner: 'order',
  method: 'GET',
  path: '/orders/:order_id/stream',
  summary: 'One order as it is now, and each change of it until it is settled',
  access: ['customer'],
  params: OfOrder,
  answers: { 200: null, 204: null },
  /** The event's id is the order's version. 204 where a client that comes back has the last one. */
  events: { order: Order },
  problems: [],
})

export const getOrderHistory = route({
  operation: 'get_order_history',
  owner: 'order',
  method: 'GET',
  path: '/orders/:order_id/events',
  summary: "The order's event stream",
  access: ['customer'],
  params: OfOrder,
  answers: { 200: OrderHistory },
  problems: [],
})

export const cancelOrder = route({
  operation: 'cancel_order',
  owner: 'order',
  method: 'POST',
  path: '/orders/:order_id/cancel',
  summary: 'Cancel an order that is not confirmed yet',
  access: ['customer'],
  params: OfOrder,
  answers: { 200: AcceptedOrder, 202: AcceptedOrder },
  problems: ['order-not-ready', 'order-settled'],
})

export const refundOrder = route({
  operation: 'refund_order',
  owner: 'order',
  method: 'POST',
  path: '/orders/:order_id/refund',
  summary: 'Give a paid order back: the money returns, the units too',
  access: ['customer'],
  params: OfOrder,
  answers: { 200: AcceptedOrder, 202: AcceptedOrder },
  problems: ['order-not-ready', 'order-settled'],
})

export const ORDER_ROUTES = [
  placeOrder,
  checkAdmission,
  getRoom,
  listOrders,
  getOrder,
  streamOrder,
  getOrderHistory,
  cancelOrder,
  refundOrder,
]
