import { createClient, type ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'

/** The shop that this page belongs to, as the shopper whose cookie the browser has. */
export const shop = createClient({ url: '', session: 'cookie' })

export type Product = Answer<RouteOf<'GET', '/products/:product_id'>>
export type Cart = Answer<RouteOf<'GET', '/cart'>>
export type CartLine = Cart['lines'][number]
export type Order = Answer<RouteOf<'GET', '/orders/:order_id'>>
export type Status = Order['status']
export type Payment = Answer<RouteOf<'GET', '/payments/:order_id'>>
export type History = Answer<RouteOf<'GET', '/orders/:order_id/events'>>['items']

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: ShopError
  }
}
