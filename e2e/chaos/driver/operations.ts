import type { Operation } from '../history.ts'
import { act, type Actor, order, receive } from './acts.ts'
import type { KnownOrder } from './customer.ts'

type Action = (actor: Actor) => Promise<Operation[]>
export type Mix = readonly (readonly [weight: number, action: Action])[]

const TWINS = 4
const MAX_RESTOCK = 40

const CARDS = [
  [60, 'tok_approved'],
  [12, 'tok_declined'],
  [7, 'tok_slow'],
  [5, 'tok_timeout'],
  [6, 'tok_error_after_commit'],
  [7, 'tok_capture_fails'],
  [3, 'tok_broken'],
  [4, 'tok_webhook_twice'],
  [4, 'tok_rate_limited'],
  [4, 'tok_conflict_after_commit'],
  [4, 'tok_authorization_lapses'],
  [5, 'tok_refund_refused_once'],
] as const

const modeOf = ({ random, twoPhaseShare }: Actor) => (random.chance(twoPhaseShare) ? 'two_phase' : 'saga')

/** What the customers and the operator do, each as often as its weight says. */
export const MIX: Mix = [
  [22, place],
  [2, placeTwins],
  [4, placeUnpaid],
  [4, pay],
  [7, addAndCheckOut],
  [9, cancel],
  [6, refund],
  [5, repeat],
  [3, repeatWithOtherBody],
  [5, restock],
  [22, readOrder],
  [8, listOrders],
]

export async function place(actor: Actor): Promise<Operation[]> {
  const { random } = actor
  const body = { lines: someLines(actor), payment_token: random.weighted(CARDS), mode: modeOf(actor) }
  return [await order(actor, { kind: 'place', key: random.uuid(), body })]
}

async function placeTwins(actor: Actor): Promise<Operation[]> {
  const { random } = actor
  const key = random.uuid()
  const body = { lines: someLines(actor), payment_token: random.weighted(CARDS), mode: modeOf(actor) }
  const one = () => order(actor, { kind: 'place', repeat: 'concurrent', key, body })
  return Promise.all(Array.from({ length: TWINS }, one))
}

async function placeUnpaid(actor: Actor): Promise<Operation[]> {
  const body = { lines: someLines(actor) }
  return [await order(actor, { kind: 'place_unpaid', key: actor.random.uuid(), body })]
}

async function pay(actor: Actor): Promise<Operation[]> {
  const { random, customer } = actor
  const unpaid = customer.orders.find(({ isPaid }) => !isPaid)
  if (unpaid === undefined) return placeUnpaid(actor)
  unpaid.isPaid = true
  const { order_id } = unpaid
  const body = { order_id, payment_token: random.weighted(CARDS) }
  return [await act(actor, { kind: 'pay', order_id, key: random.uuid(), body }, '/payments')]
}

export async function addAndCheckOut(actor: Actor): Promise<Operation[]> {
  const { random } = actor
  const done: Operation[] = []
  for (const line of someLines(actor)) {
    done.push(await act(actor, { kind: 'add_to_cart', key: random.uuid(), body: line }, '/cart'))
    if (done.at(-1)!.outcome !== 'ok') return done
  }
  const body = { payment_token: random.weighted(CARDS), mode: modeOf(actor) }
  done.push(await order(actor, { kind: 'checkout', key: random.uuid(), body }))
  return done
}

export async function cancel(actor: Actor): Promise<Operation[]> {
  const known = recent(actor)
  if (known === undefined) return place(actor)
  const { order_id } = known
  return [await act(actor, { kind: 'cancel', order_id }, `/orders/${order_id}/cancel`)]
}

async function refund(actor: Actor): Promise<Operation[]> {
  const known = actor.customer.orders[0]
  if (known === undefined) return place(actor)
  const { order_id } = known
  return [await act(actor, { kind: 'refund', order_id }, `/orders/${order_id}/refund`)]
}

async function repeat(actor: Actor): Promise<Operation[]> {
  const known = recent(actor)
  if (known === undefined) return placeTwins(actor)
  const { key, body } = known
  return [await order(actor, { kind: kindOf(known), repeat: 'same_key', key, body })]
}

async function repeatWithOtherBody(actor: Actor): Promise<Operation[]> {
  const known = recent(actor)
  if (known === undefined) return placeTwins(actor)
  const { key, body } = known
  const payment_token = JSON.stringify(body).includes('tok_approved') ? 'tok_slow' : 'tok_approved'
  const other = { ...(body as object), payment_token }
  return [await order(actor, { kind: kindOf(known), repeat: 'other_body', key, body: other })]
}

async function restock(actor: Actor): Promise<Operation[]> {
  const { random, operatorToken, goods } = actor
  if (operatorToken === undefined) return readOrder(actor)
  const product_id = random.chance(0.5) ? goods.hot : random.pick(goods.others)
  const body = { product_id, quantity: random.int(5, MAX_RESTOCK), receipt_id: `chaos-${random.uuid()}` }
  const record = () => receive(actor, operatorToken, body)
  // A receipt that is booked twice would be units out of nothing.
  return random.chance(0.3) ? [await record(), await record()] : [await record()]
}

async function readOrder(actor: Actor): Promise<Operation[]> {
  const known = recent(actor)
  if (known === undefined) return place(actor)
  const { order_id } = known
  return [await act(actor, { kind: 'read_order', order_id }, `/orders/${order_id}`, 'GET')]
}

async function listOrders(actor: Actor): Promise<Operation[]> {
  return [await act(actor, { kind: 'list_orders' }, '/orders?limit=100', 'GET')]
}

function kindOf({ route, isPaid, body }: KnownOrder): 'place' | 'place_unpaid' | 'checkout' {
  if (route === '/cart/checkout') return 'checkout'
  return isPaid && 'payment_token' in (body as object) ? 'place' : 'place_unpaid'
}

function recent({ random, customer }: Actor): KnownOrder | undefined {
  return customer.orders.length === 0 ? undefined : random.pick(customer.orders.slice(-4))
}

function someLines({ random, goods }: Actor) {
  const first = random.chance(0.5) ? goods.hot : random.pick(goods.others)
  const second = random.pick(goods.others)
  const items = random.chance(0.3) && first !== second ? [first, second] : [first]
  return items.map((item_id) => ({ item_id, quantity: random.int(1, 3) }))
}
