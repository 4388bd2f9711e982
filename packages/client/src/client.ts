import type { Answer, RouteOf } from './api.ts'
import { type Followed, followOrder, type FollowOptions } from './follow.ts'
import { type Ask, createAsk, type RequestOptions } from './request.ts'
import { RETRY, type RetrySettings } from './retry.ts'
import { bearerSession, cookieSession, type Operator } from './session.ts'

export type { Followed, FollowOptions, Operator, RequestOptions, RetrySettings }
export { isFinal } from './follow.ts'
export { freshKey } from './fresh-key.ts'
export { isPassing } from './retry.ts'
export { ShopError } from './shop-error.ts'

export interface ClientSettings {
  /** Where the shop is: `http://localhost:8080`. On a page of the shop itself `''`. */
  url: string
  /**
   * `bearer`: a guest's token, taken at the first request and renewed (Node, and pages of other sites). `cookie`: the browser's
   * own, on pages of the shop itself.
   */
  session?: 'bearer' | 'cookie'
  /** A guest's token from an earlier run: the same cart, the same orders. */
  token?: string
  /** Requests as an operator, not as a guest. */
  operator?: Operator
  retry?: Partial<RetrySettings>
}

type Cart = Answer<RouteOf<'GET', '/cart'>>
type Accepted = Answer<RouteOf<'POST', '/cart/checkout'>>
type Orders = Answer<RouteOf<'GET', '/orders'>>
type Order = Answer<RouteOf<'GET', '/orders/:order_id'>>
type Payment = Answer<RouteOf<'POST', '/payments'>>

export interface Client {
  /** Any route of the API by method and path, typed from the table of routes. */
  ask: Ask
  cart(): Promise<Cart>
  addToCart(item_id: string, quantity?: number, options?: RequestOptions): Promise<Cart>
  setQuantity(item_id: string, quantity: number, options?: RequestOptions): Promise<Cart>
  removeFromCart(item_id: string, options?: RequestOptions): Promise<Cart>
  /** Orders what the cart holds. Without a card the order waits for `payOrder`. */
  checkOut(
    payment_token?: string,
    options?: RequestOptions & { mode?: 'saga' | 'two_phase' },
  ): Promise<Accepted>
  payOrder(order_id: string, payment_token: string, options?: RequestOptions): Promise<Payment>
  orders(query?: { cursor?: string; limit?: number }): Promise<Orders>
  /** As it is, or as it was: after its first `version` facts, or `at` an instant. */
  order(order_id: string, asOf?: { version?: number; at?: string }): Promise<Order>
  cancelOrder(order_id: string): Promise<Accepted>
  refundOrder(order_id: string): Promise<Accepted>
  /** The order now and after each change, until it has ended. */
  followOrder(order_id: string, options?: FollowOptions): AsyncGenerator<Followed, void>
}

/**
 * A shopper, or an operator, of the shop at `url`. What may pass is asked again under one Idempotency-Key; what is refused
 * is a `ShopError`, which holds the problem document.
 */
export function createClient({ url, session = 'bearer', token, operator, retry }: ClientSettings): Client {
  const base = `${url.replace(/\/$/, '')}/api/v1`
  const credentials = session === 'cookie' ? cookieSession(base) : bearerSession(base, operator, token)
  const ask = createAsk(base, credentials, { ...RETRY, ...retry })
  return {
    ask,
    cart: () => ask('GET', '/cart', {}),
    addToCart: (item_id, quantity = 1, options = {}) =>
      ask('POST', '/cart', { body: { item_id, quantity }, ...options }),
    setQuantity: (item_id, quantity, options = {}) =>
      ask('PUT', '/cart/items/:item_id', { params: { item_id }, body: { quantity }, ...options }),
    removeFromCart: (item_id, options = {}) =>
      ask('DELETE', '/cart/items/:item_id', { params: { item_id }, ...options }),
    checkOut: (payment_token, { mode = 'saga', ...options } = {}) =>
      ask('POST', '/cart/checkout', {
        body: { mode, ...(payment_token !== undefined && { payment_token }) },
        ...options,
      }),
    payOrder: (order_id, payment_token, options = {}) =>
      ask('POST', '/payments', { body: { order_id, payment_token }, ...options }),
    orders: (query = {}) => ask('GET', '/orders', { query }),
    order: (order_id, query = {}) => ask('GET', '/orders/:order_id', { params: { order_id }, query }),
    cancelOrder: (order_id) => ask('POST', '/orders/:order_id/cancel', { params: { order_id } }),
    refundOrder: (order_id) => ask('POST', '/orders/:order_id/refund', { params: { order_id } }),
    followOrder: (order_id, options) => followOrder({ base, credentials, ask }, order_id, options),
  }
}
