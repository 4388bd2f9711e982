import type { ReservationState } from '@lepton/contracts/inventory'
import { insertRows, lockOrCreate, lockRows, saveRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Item, Stock } from './domain.ts'

export interface Reservation {
  order_id: string
  state: ReservationState
  hold_until: string | null
  pub_seq: number
  last_order_seq: number
  updated_at: string
}

interface Locked {
  /** The time of the transaction. */
  now: string
  rows: Reservation[]
}

export function lockReservations(tx: Tx, orderIds: readonly string[], areNew: boolean): Promise<Locked> {
  return lockOrCreate<Reservation>(tx, 'reservation', 'order_id', orderIds, areNew)
}

export async function lockOverdue(tx: Tx, limit: number): Promise<Locked> {
  const { rows } = await tx.query<Reservation & { now: string }>(
    `select *, now() as now from reservation where state = 'HELD' and hold_until < now()
     order by hold_until limit $1 for update skip locked`,
    [limit],
  )
  return { now: rows[0]?.now ?? '', rows: rows.map(({ now: _now, ...row }) => row) }
}

export async function listItems(
  tx: Tx,
  orderIds: readonly string[],
): Promise<(Item & { order_id: string })[]> {
  if (orderIds.length === 0) return []
  const { rows } = await tx.query<Item & { order_id: string }>(
    'select * from reservation_item where order_id = any($1::uuid[])',
    [orderIds],
  )
  return rows
}

export async function lockStock(tx: Tx, productIds: readonly string[]): Promise<Stock[]> {
  if (productIds.length === 0) return []
  const how = { key: 'product_id', type: 'text', strength: 'no key update' }
  const rows = await lockRows<Stock>(tx, 'stock', how, productIds)
  return rows.map(({ now: _now, ...row }) => row)
}

export function saveReservations(
  tx: Tx,
  {
    reservations,
    items,
    stock,
    ledger,
  }: {
    reservations: readonly Reservation[]
    items: readonly object[]
    stock: readonly Stock[]
    ledger: readonly object[]
  },
): void {
  saveRows(tx, 'reservation', 'order_id', reservations)
  insertRows(tx, 'reservation_item', items)
  saveRows(tx, 'stock', 'product_id', stock)
  insertRows(tx, 'stock_ledger', ledger)
}
