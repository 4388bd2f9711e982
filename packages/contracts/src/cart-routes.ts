import { z } from 'zod'
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
import { ProductId, Uuid } from './fields.ts'
import { AcceptedOrder } from './order.ts'
import { route } from './route.ts'

const OfOrder = z.strictObject({ order_id: Uuid })
const OfItem = z.strictObject({ item_id: ProductId })

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
  delegates: ['order'],
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
  delegates: ['order'],
  exposed: false,
  params: OfOrder,
  answers: { 200: SubmittedOrder },
  problems: [],
})

export const CART_ROUTES = [
  getCart,
  addToCart,
  removeFromCart,
  setCartItem,
  removeCartItem,
  checkOutCart,
  restoreCart,
  listCheckouts,
  getCheckout,
]
