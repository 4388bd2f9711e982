import type { ShopClient } from '@lepton/testing/shop-client'

/** An order that a customer asked for and may come back to. */
export interface KnownOrder {
  order_id: string
  route: '/orders' | '/cart/checkout'
  key: string
  body: unknown
  isPaid: boolean
}

export interface Customer {
  customer_id: string
  token: string
  orders: KnownOrder[]
  /** Operations left before another customer comes to the shop. */
  patience: number
}

/** A guest, where the shop lets one in. */
export async function enter(client: ShopClient, patience: number): Promise<Customer | undefined> {
  const session = await client
    .ask<{ token: string; customer_id: string }>('POST', '/api/v1/session')
    .catch(() => undefined)
  if (session?.status !== 201) return undefined
  const { token, customer_id } = session.body
  return { customer_id, token, orders: [], patience }
}

/** The operator's token, where the shop gives it. */
export async function signIn(client: ShopClient, secret: string): Promise<string | undefined> {
  const session = await client
    .ask<{ token: string }>('POST', '/api/v1/session/operator', { body: { secret } })
    .catch(() => undefined)
  return session?.status === 201 ? session.body.token : undefined
}
