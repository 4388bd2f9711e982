import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Product, ReservationState, StockEntry } from '@lepton/contracts/inventory'
import type { z } from 'zod'
import type { Stock } from './domain.ts'

export async function findProduct(database: Database, productId: string): Promise<Product | undefined> {
  const { rows } = await database.query<Product>(productsOf('select * from products where product_id = $1'), [
    productId,
  ])
  return rows[0]
}

/**
 * Products as they are shown, with the units available; `products` selects rows of the table. The stock is looked up for
 * each: how many come is not known when it is planned, and a join for many reads all that there is.
 */
export const productsOf = (products: string) => `
  select p.product_id, p.name, p.description, p.category, p.price_minor, p.currency, coalesce(s.available, 0) as available
  from (${products}) p
    left join lateral (select available from stock where product_id = p.product_id offset 0) s on true`

/** Locks the catalogue against others that fill it, and names those of these products that are in it. */
export async function lockCatalogue(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('lepton catalogue'))`)
  const { rows } = await tx.query<{ product_id: string }>(
    'select product_id from products where product_id = any($1::text[])',
    [ids],
  )
  return new Set(rows.map(({ product_id }) => product_id))
}

export async function findStock(database: Database, productId: string): Promise<Stock | undefined> {
  const { rows } = await database.query<Stock>('select * from stock where product_id = $1', [productId])
  return rows[0]
}

export async function listEntries(
  database: Pick<Database, 'query'>,
  productId: string,
  before: number | undefined,
  limit: number,
): Promise<z.infer<typeof StockEntry>[]> {
  const { rows } = await database.query<z.infer<typeof StockEntry>>(
    'select * from stock_ledger where product_id = $1 and id < coalesce($2, 9223372036854775807) order by id desc limit $3',
    [productId, before ?? null, limit],
  )
  return rows
}

export interface Units extends Stock {
  name: string
  category: string
}

/** Units of all products by their ids, after `after`. */
export async function listStock(
  database: Database,
  after: string | undefined,
  limit: number,
): Promise<Units[]> {
  const { rows } = await database.query<Units>(
    `select s.*, p.name, p.category from stock s join products p using (product_id)
     where s.product_id > coalesce($1, '') order by s.product_id limit $2`,
    [after ?? null, limit],
  )
  return rows
}

export interface Held {
  order_id: string
  units: number
  hold_until: string
  updated_at: string
}

/** Reservations that hold units, those that are due first. */
export async function listHeld(database: Database, isOverdue: boolean, limit: number): Promise<Held[]> {
  const { rows } = await database.query<Held>(
    `select order_id, hold_until, updated_at,
       (select coalesce(sum(quantity), 0)::int from reservation_item i where i.order_id = r.order_id) as units
     from reservation r where state = 'HELD' and hold_until <= ${isOverdue ? 'now()' : `'infinity'`}
     order by hold_until limit $1`,
    [limit],
  )
  return rows
}

export async function findReservation(
  database: Database,
  orderId: string,
): Promise<{ state: ReservationState; hold_until: string | null } | undefined> {
  const { rows } = await database.query<{ state: ReservationState; hold_until: string | null }>(
    'select state, hold_until from reservation where order_id = $1',
    [orderId],
  )
  return rows[0]
}

export async function listOrderEntries(
  database: Database,
  orderId: string,
): Promise<z.infer<typeof StockEntry>[]> {
  const { rows } = await database.query<z.infer<typeof StockEntry>>(
    'select * from stock_ledger where order_id = $1 order by id',
    [orderId],
  )
  return rows
}

export async function lockStockOf(tx: Tx, productId: string): Promise<Stock | undefined> {
  const { rows } = await tx.query<Stock>('select * from stock where product_id = $1 for no key update', [
    productId,
  ])
  return rows[0]
}

export async function findReceipt(
  tx: Tx,
  productId: string,
  receiptId: string,
): Promise<{ d_received: number } | undefined> {
  const { rows } = await tx.query<{ d_received: number }>(
    'select d_received from stock_ledger where product_id = $1 and receipt_id = $2',
    [productId, receiptId],
  )
  return rows[0]
}

/** Books units in. The caller holds the stock row's lock. */
export async function bookReceipt(
  tx: Tx,
  productId: string,
  quantity: number,
  receiptId: string,
): Promise<Stock> {
  await tx.query(
    `insert into stock_ledger (product_id, receipt_id, kind, d_available, d_held, d_committed, d_received)
     values ($1, $2, 'RECEIVE', $3, 0, 0, $3)`,
    [productId, receiptId, quantity],
  )
  const { rows } = await tx.query<Stock>(
    'update stock set available = available + $2, received = received + $2 where product_id = $1 returning *',
    [productId, quantity],
  )
  return rows[0]!
}
