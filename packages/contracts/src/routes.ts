import { z } from 'zod'
import { AUDIT_ROUTES } from './audit.ts'
import { cancelPayment, cancelStock, confirmPayment, confirmStock, tryPayment, tryStock } from './branches.ts'
import {
  AddToCart,
  Cart,
  Checkout,
  RemoveFromCart,
  RestoreCart,
  RestoredCart,
  SetQuantity,
  SubmittedOrder,
} from './cart.ts'
import { CONSOLE_ROUTES } from './console.ts'
import { PROMISE_ROUTES } from './promises.ts'
import { Cursor, Limit, pageOf, ProductId, Uuid } from './fields.ts'
import { Category, Product, ProductQuery, ReceiveStock, Stock, StockEntry } from './inventory.ts'
import { AcceptedOrder, Admission, Order, OrderHistory, PlaceOrder } from './order.ts'
import { OPS_ROUTES } from './ops.ts'
import { OPS_LIST_ROUTES } from './ops-lists.ts'
import { OPS_ORDER_ROUTES } from './ops-orders.ts'
import { Payment, PayOrder } from './payment.ts'
import { PAYMENT_OPS_ROUTES } from './payment-ops.ts'
import { ChargeWebhook } from './psp.ts'
import { route, type RouteDefinition } from './route.ts'
import { SESSION_ROUTES } from './session.ts'

const OfOrder = z.strictObject({ order_id: Uuid })
const OfItem = z.strictObject({ item_id: ProductId })
const OfProduct = z.strictObject({ product_id: ProductId })
const Paging = z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(20) })

export const listProducts = route({
  operation: 'list_products',
  owner: 'inventory',
  method: 'GET',
  path: '/products',
  summary: 'The catalogue with price and units available',
  access: ['anyone'],
  query: ProductQuery,
  answers: { 200: pageOf(Product) },
  problems: [],
})

export const listCategories = route({
  operation: 'list_categories',
  owner: 'inventory',
  method: 'GET',
  path: '/categories',
  summary: 'The categories of the catalogue, and how many products each has',
  access: ['anyone'],
  answers: { 200: z.object({ items: z.array(Category) }) },
  problems: [],
})

export const getProduct = route({
  operation: 'get_product',
  owner: 'inventory',
  method: 'GET',
  path: '/products/:product_id',
  summary: 'One product',
  access: ['anyone'],
  params: OfProduct,
  answers: { 200: Product },
  problems: [],
})

export const receiveStock = route({
  operation: 'receive_stock',
  owner: 'inventory',
  method: 'POST',
  path: '/stock',
  summary: 'Receive units of a product; one receipt is booked once',
  access: ['operator'],
  idempotency: 'optional',
  body: ReceiveStock,
  answers: { 200: Stock },
  problems: ['unknown-item', 'receipt-reused'],
})

export const getStock = route({
  operation: 'get_stock',
  owner: 'inventory',
  method: 'GET',
  path: '/stock/:product_id',
  summary: 'Units of a product: available, held for orders, committed to orders, received in all',
  access: ['operator'],
  params: OfProduct,
  answers: { 200: Stock },
  problems: [],
})

export const listStockEntries = route({
  operation: 'list_stock_entries',
  owner: 'inventory',
  method: 'GET',
  path: '/stock/:product_id/ledger',
  summary: 'Every movement of a product, newest first',
  access: ['operator'],
  params: OfProduct,
  query: Paging,
  answers: { 200: pageOf(StockEntry) },
  problems: [],
})

export const getCart = route({
  operation: 'get_cart',
  owner: 'cart',
  method: 'GET',
  path: '/cart',
  summary: "The shopper's cart, at today's prices",
  access: ['customer'],
  answers: { 200: Cart },
  problems: [],
})

export const addToCart = route({
  operation: 'add_to_cart',
  owner: 'cart',
  method: 'POST',
  path: '/cart',
  summary: 'Add units of an item to its line',
  access: ['customer'],
  idempotency: 'optional',
  body: AddToCart,
  answers: { 200: Cart },
  problems: ['unknown-item', 'cart-full'],
})

export const removeFromCart = route({
  operation: 'remove_from_cart',
  owner: 'cart',
  method: 'DELETE',
  path: '/cart',
  summary: 'Remove the line of the item in the body',
  access: ['customer'],
  body: RemoveFromCart,
  answers: { 200: Cart },
  problems: ['not-found'],
})

export const setCartItem = route({
  operation: 'set_cart_item',
  owner: 'cart',
  method: 'PUT',
  path: '/cart/items/:item_id',
  summary: "Set a line's quantity",
  access: ['customer'],
  params: OfItem,
  body: SetQuantity,
  answers: { 200: Cart },
  problems: ['unknown-item', 'cart-full'],
})

export const removeCartItem = route({
  operation: 'remove_cart_item',
  owner: 'cart',
  method: 'DELETE',
  path: '/cart/items/:item_id',
  summary: 'Remove a line',
  access: ['customer'],
  params: OfItem,
  answers: { 200: Cart },
  problems: [],
})

export const checkOutCart = route({
  operation: 'check_out_cart',
  owner: 'cart',
  method: 'POST',
  path: '/cart/checkout',
  summary: 'Order what the cart holds',
  access: ['customer'],
  priority: 'intake',
  idempotency: 'required',
  body: Checkout,
  answers: { 202: AcceptedOrder },
  problems: ['cart-empty', 'cart-changed', 'unknown-item', 'payment-token-missing', 'too-many-open-orders'],
})

export const restoreCart = route({
  operation: 'restore_cart',
  owner: 'cart',
  method: 'POST',
  path: '/cart/restore',
  summary: "Put the lines of a checkout that was rejected or cancelled back into the cart, at today's prices",
  access: ['customer'],
  idempotency: 'required',
  body: RestoreCart,
  answers: { 200: RestoredCart },
  problems: ['not-found', 'order-not-ready', 'unknown-item', 'cart-full'],
})

export const listCheckouts = route({
  operation: 'list_checkouts',
  owner: 'cart',
  method: 'GET',
  path: '/checkouts',
  summary: "The caller's checkouts of the last day, for orders that the order service has not seen yet",
  access: ['customer'],
  exposed: false,
  answers: { 200: z.object({ items: z.array(SubmittedOrder) }) },
  problems: [],
})

export const getCheckout = route({
  operation: 'get_checkout',
  owner: 'cart',
  method: 'GET',
  path: '/checkouts/:order_id',
  summary: "One of the caller's checkouts",
  access: ['customer'],
  exposed: false,
  params: OfOrder,
  answers: { 200: SubmittedOrder },
  problems: [],
})

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
    'Whether an order of the caller would be taken now: his own limits, and what the shop can carry out',
  access: ['customer'],
  exposed: false,
  priority: 'intake',
  body: Admission,
  answers: { 204: null },
  problems: ['too-many-open-orders'],
})

export const listOrders = route({
  operation: 'list_orders',
  owner: 'order',
  method: 'GET',
  path: '/orders',
  summary: 'My orders, newest first',
  access: ['customer'],
  query: Paging,
  answers: { 200: pageOf(Order) },
  problems: [],
})

export const getOrder = route({
  operation: 'get_order',
  owner: 'order',
  method: 'GET',
  path: '/orders/:order_id',
  summary: 'One order',
  access: ['customer'],
  params: OfOrder,
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

export const payOrder = route({
  operation: 'pay_order',
  owner: 'payment',
  method: 'POST',
  path: '/payments',
  summary: 'Pay an order that waits for its payment',
  access: ['customer'],
  idempotency: 'required',
  body: PayOrder,
  answers: { 202: Payment },
  problems: ['not-found', 'order-not-ready', 'payment-settled'],
})

/** Before `/payments/:order_id`, which would take its path for an order. */
export const receiveWebhook = route({
  operation: 'receive_webhook',
  owner: 'payment',
  method: 'POST',
  path: '/payments/webhook',
  summary: 'What the card processor tells, proven by its Webhook-Signature',
  access: ['anyone'],
  body: ChargeWebhook,
  answers: { 204: null },
  problems: ['signature-invalid'],
})

export const getPayment = route({
  operation: 'get_payment',
  owner: 'payment',
  method: 'GET',
  path: '/payments/:order_id',
  summary: "An order's payment",
  access: ['customer'],
  params: OfOrder,
  answers: { 200: Payment },
  problems: [],
})

/** The whole HTTP API: what the gateway routes, what OpenAPI describes, what the services answer. */
export const ROUTES: readonly RouteDefinition[] = [
  ...SESSION_ROUTES,
  listProducts,
  listCategories,
  getProduct,
  receiveStock,
  getStock,
  listStockEntries,
  getCart,
  addToCart,
  removeFromCart,
  setCartItem,
  removeCartItem,
  checkOutCart,
  restoreCart,
  listCheckouts,
  getCheckout,
  placeOrder,
  checkAdmission,
  listOrders,
  getOrder,
  streamOrder,
  getOrderHistory,
  cancelOrder,
  refundOrder,
  payOrder,
  receiveWebhook,
  getPayment,
  tryStock,
  confirmStock,
  cancelStock,
  tryPayment,
  confirmPayment,
  cancelPayment,
  ...AUDIT_ROUTES,
  ...OPS_ROUTES,
  ...PAYMENT_OPS_ROUTES,
  ...OPS_ORDER_ROUTES,
  ...OPS_LIST_ROUTES,
  ...CONSOLE_ROUTES,
  ...PROMISE_ROUTES,
]
