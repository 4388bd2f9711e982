import type { Cause, OutgoingEvent } from '@lepton/events/event'
import type { Outbox } from '@lepton/events/outbox'
import type { Tx } from '@lepton/events/postgres/transaction'
import {
  ReservationOverdue,
  StockCommitted,
  StockRejected,
  StockReleased,
  StockReserved,
  StockRestocked,
} from '@lepton/contracts/inventory'
import { deltaOf, type Item, type Move, moveUnits, type Stock, type Verdict } from './domain.ts'
import * as store from './reservation-store.ts'
import type { Reservation } from './reservation-store.ts'

const EVENTS = {
  reserved: StockReserved,
  committed: StockCommitted,
  released: StockReleased,
  restocked: StockRestocked,
}
const ASK_AGAIN_MS = 30_000

/** Reservations and stock under change in one transaction: rows locked, changed in memory, written at once. */
export class ReservationChanges {
  readonly now: string
  readonly #reservations: Map<string, Reservation>
  readonly #items: Map<string, Item[]>
  readonly #stock: Map<string, Stock>
  readonly #touchedReservations = new Set<string>()
  readonly #touchedStock = new Set<string>()
  readonly #newItems: object[] = []
  readonly #ledger: object[] = []
  readonly #events: OutgoingEvent[] = []

  constructor(
    now: string,
    reservations: readonly Reservation[],
    items: readonly (Item & { order_id: string })[],
    stock: readonly Stock[],
  ) {
    this.now = now
    this.#reservations = new Map(reservations.map((row) => [row.order_id, row]))
    this.#items = Map.groupBy(items, ({ order_id }) => order_id)
    this.#stock = new Map(stock.map((row) => [row.product_id, row]))
  }

  reservation(orderId: string): Reservation {
    return this.#reservations.get(orderId)!
  }

  availableOf(productId: string): number {
    return this.#stock.get(productId)?.available ?? 0
  }

  /** Notes what an order wants, with the time after which inventory asks what became of it. */
  want(orderId: string, items: readonly Item[], holdUntil: string): void {
    this.#items.set(orderId, [...items])
    for (const { product_id, quantity } of items)
      this.#newItems.push({ order_id: orderId, product_id, quantity })
    this.#put({ ...this.reservation(orderId), hold_until: holdUntil })
  }

  carryOut(orderId: string, verdict: Verdict, cause: Cause | undefined): void {
    if (verdict.kind === 'reject') {
      this.#put({ ...this.reservation(orderId), state: 'REJECTED', updated_at: this.now })
      this.publish(orderId, StockRejected, { order_id: orderId, shortages: verdict.shortages }, cause)
    }
    if (verdict.kind === 'move') {
      if (verdict.move !== undefined) this.#moveItems(orderId, verdict.move)
      this.#put({ ...this.reservation(orderId), state: verdict.state, updated_at: this.now })
      this.publish(orderId, EVENTS[verdict.publish], { order_id: orderId }, cause)
    }
  }

  /** A hold outlived its order's deadline: asks the order service, and asks again while there is no answer. */
  askWhatBecameOf(orderId: string): void {
    const holdUntil = new Date(Date.parse(this.now) + ASK_AGAIN_MS).toISOString()
    this.#put({ ...this.reservation(orderId), hold_until: holdUntil })
    this.publish(orderId, ReservationOverdue, { order_id: orderId }, undefined)
  }

  publish(orderId: string, type: OutgoingEvent['type'], data: object, cause: Cause | undefined): void {
    const reservation = this.reservation(orderId)
    const sequence = reservation.pub_seq + 1
    this.#put({ ...reservation, pub_seq: sequence })
    this.#events.push({ type, key: orderId, sequence, data, cause })
  }

  advance(orderId: string, sequence: number): void {
    this.#put({ ...this.reservation(orderId), last_order_seq: sequence })
  }

  store(tx: Tx, outbox: Outbox): void {
    store.saveReservations(tx, {
      reservations: [...this.#touchedReservations].map((id) => this.reservation(id)),
      items: this.#newItems,
      stock: [...this.#touchedStock].map((id) => this.#stock.get(id)!),
      ledger: this.#ledger,
    })
    outbox.emit(tx, this.#events)
  }

  #moveItems(orderId: string, move: Move): void {
    for (const { product_id, quantity } of this.#items.get(orderId) ?? []) {
      this.#stock.set(product_id, moveUnits(this.#stock.get(product_id)!, move, quantity))
      this.#touchedStock.add(product_id)
      this.#ledger.push({
        product_id,
        order_id: orderId,
        kind: move,
        ...deltaOf(move, quantity),
        at: this.now,
      })
    }
  }

  #put(reservation: Reservation): void {
    this.#reservations.set(reservation.order_id, reservation)
    this.#touchedReservations.add(reservation.order_id)
  }
}

/**
 * Locks an order's reservation, making it where there is none, then the stock it may move: always
 * reservations before stock and both in key order, so that no two transactions wait for each other. Orders that
 * `areNew` take one round trip: of those that are not, only what is `wanted` may be held, since it is locked first.
 */
export async function lockReservations(
  tx: Tx,
  orderIds: readonly string[],
  wanted: readonly string[],
  areNew = false,
): Promise<ReservationChanges> {
  const [{ now, rows }, listed, wantedStock] = await Promise.all([
    store.lockReservations(tx, orderIds, areNew),
    store.listItems(tx, orderIds),
    areNew ? store.lockStock(tx, wanted) : [],
  ])
  const holding = new Set(
    rows.flatMap(({ order_id, state }) => (state === 'HELD' || state === 'COMMITTED' ? [order_id] : [])),
  )
  const items = listed.filter(({ order_id }) => holding.has(order_id))
  for (const { order_id } of items) holding.delete(order_id)
  // Another transaction made these while this one waited for it: their items were not there to be listed.
  if (holding.size > 0) items.push(...(await store.listItems(tx, [...holding])))
  const isLocked = new Set(wantedStock.map(({ product_id }) => product_id))
  const others = new Set(items.map(({ product_id }) => product_id))
  if (!areNew) for (const product of wanted) others.add(product)
  const stock = await store.lockStock(
    tx,
    [...others].filter((product) => !isLocked.has(product)),
  )
  return new ReservationChanges(now, rows, items, [...wantedStock, ...stock])
}

/** Holds whose time is up; those another instance works on are left to it. */
export async function lockOverdue(
  tx: Tx,
  limit: number,
): Promise<{ ids: string[]; changes: ReservationChanges }> {
  const { now, rows } = await store.lockOverdue(tx, limit)
  return {
    ids: rows.map(({ order_id }) => order_id),
    changes: new ReservationChanges(now, rows, [], []),
  }
}
