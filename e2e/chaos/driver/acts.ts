import { orderIdOf } from '@lepton/shop/order-id'
import type { ShopClient } from '@lepton/testing/shop-client'
import type { History, Operation, Request } from '../history.ts'
import type { Random } from '../random.ts'
import type { Customer } from './customer.ts'
import { request } from './request.ts'

/** Who does something, with what. */
export interface Actor {
  random: Random
  history: History
  process: number
  client: ShopClient
  customer: Customer
  operatorToken: string | undefined
  goods: Goods
  /** Of the orders, those in two phases. */
  twoPhaseShare: number
}

/** One product that half of the orders want, and some others. */
export interface Goods {
  hot: string
  others: readonly string[]
}

/** Places an order by one of its two doors, and remembers it unless it certainly does not exist. */
export async function order(
  actor: Actor,
  asked: { kind: 'place' | 'place_unpaid' | 'checkout'; key: string; body: unknown } & Pick<
    Request,
    'repeat'
  >,
): Promise<Operation> {
  const { customer } = actor
  const { kind, key, body } = asked
  const route = kind === 'checkout' ? '/cart/checkout' : '/orders'
  const order_id = orderIdOf(customer.customer_id, route, key)
  const done = await act(actor, { ...asked, order_id }, route)
  if (done.outcome !== 'fail' && !customer.orders.some((known) => known.key === key)) {
    customer.orders.push({ order_id, route, key, body, isPaid: kind !== 'place_unpaid' })
  }
  return done
}

/** Asks something in the customer's name, and writes down what became of it. */
export function act(
  { history, process, client, customer: { token, customer_id } }: Actor,
  asked: Omit<Request, 'customer_id'>,
  path: string,
  method: 'GET' | 'POST' = 'POST',
): Promise<Operation> {
  const { key, body } = asked
  return history.record(process, { ...asked, customer_id }, () =>
    request(client, {
      method,
      path,
      token,
      ...(key !== undefined && { key }),
      ...(body !== undefined && { body }),
    }),
  )
}

/** Receives units in the operator's name. */
export function receive(
  { history, process, client }: Pick<Actor, 'history' | 'process' | 'client'>,
  token: string,
  body: { product_id: string; quantity: number; receipt_id: string },
): Promise<Operation> {
  const key = body.receipt_id
  return history.record(process, { kind: 'restock', customer_id: 'operator', key, body }, () =>
    request(client, { method: 'POST', path: '/stock', token, key, body }),
  )
}
