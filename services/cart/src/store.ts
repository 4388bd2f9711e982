import { newId } from '@lepton/common/runtime/id'
import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Mode, Line } from '@lepton/contracts/fields'
import type { Cart } from './domain.ts'

export interface CheckoutRow {
  order_id: string
  cart_id: string
  customer_id: string
  mode: Mode
  lines: Line[]
  amount_minor: number
  currency: 'EUR'
  created_at: string
}

export async function findOpenCart(database: Database, customerId: string): Promise<Cart | undefined> {
  const { rows } = await database.query<Cart>(
    `select * from cart where customer_id = $1 and state = 'OPEN'`,
    [customerId],
  )
  return rows[0]
}

/** Locks the customer's open cart, opening one where there is none: changes of one cart wait for each other. */
export async function lockOpenCart(tx: Tx, customerId: string): Promise<Cart> {
  // The update of a conflicting row locks it; a checkout that ends first leaves room for a new cart.
  const { rows } = await tx.query<Cart>(
    `insert into cart (cart_id, customer_id, state, version, lines) values ($1, $2, 'OPEN', 0, '[]')
     on conflict (customer_id) where state = 'OPEN' do update set updated_at = now() returning *`,
    [newId(), customerId],
  )
  return rows[0]!
}

export function updateCart(tx: Tx, { cart_id, state, version, lines }: Cart): void {
  tx.write('update cart set state = $2, version = $3, lines = $4, updated_at = now() where cart_id = $1', [
    cart_id,
    state,
    version,
    JSON.stringify(lines),
  ])
}

/** Keeps the prices of a cart that has not changed since. */
export async function storePrices(database: Database, { cart_id, version, lines }: Cart): Promise<void> {
  await database.query(`update cart set lines = $3 where cart_id = $1 and version = $2 and state = 'OPEN'`, [
    cart_id,
    version,
    JSON.stringify(lines),
  ])
}

export function insertCheckout(tx: Tx, checkout: Omit<CheckoutRow, 'created_at'>): void {
  const { order_id, cart_id, customer_id, mode, lines, amount_minor, currency } = checkout
  tx.write(
    `insert into checkout (order_id, cart_id, customer_id, mode, lines, amount_minor, currency)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [order_id, cart_id, customer_id, mode, JSON.stringify(lines), amount_minor, currency],
  )
}

/** The cart that an order came of: its events have the cart's id as their key. */
export async function findCartOf(database: Database, orderId: string): Promise<string | undefined> {
  const { rows } = await database.query<{ cart_id: string }>(
    'select cart_id from checkout where order_id = $1',
    [orderId],
  )
  return rows[0]?.cart_id
}

export async function findCheckout(
  reader: Pick<Database, 'query'> | Tx,
  orderId: string,
  customerId: string,
): Promise<CheckoutRow | undefined> {
  const { rows } = await reader.query<CheckoutRow>(
    'select * from checkout where order_id = $1 and customer_id = $2',
    [orderId, customerId],
  )
  return rows[0]
}

/** The checkouts of the last day, newest first: the order service has long taken in anything older. */
export async function listRecentCheckouts(database: Database, customerId: string): Promise<CheckoutRow[]> {
  const { rows } = await database.query<CheckoutRow>(
    `select * from checkout where customer_id = $1 and created_at > now() - interval '1 day'
     order by created_at desc limit 100`,
    [customerId],
  )
  return rows
}

export async function deleteIdleCarts(database: Database, limit: number): Promise<number> {
  const { rowCount } = await database.query(
    `delete from cart where cart_id in (
       select cart_id from cart where state = 'OPEN' and updated_at < now() - interval '30 days' limit $1)`,
    [limit],
  )
  return rowCount ?? 0
}
