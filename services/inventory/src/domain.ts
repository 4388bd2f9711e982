import type { ReservationState } from '@lepton/contracts/inventory'

export interface Stock {
  product_id: string
  available: number
  held: number
  committed: number
  received: number
}

export interface Item {
  product_id: string
  quantity: number
}

export interface Shortage {
  product_id: string
  requested: number
  available: number
}

export type Move = 'RESERVE' | 'RELEASE' | 'COMMIT' | 'RESTOCK'

/** What one unit's move changes; received units stay what they are. */
const PER_UNIT = {
  RESERVE: { available: -1, held: 1, committed: 0 },
  RELEASE: { available: 1, held: -1, committed: 0 },
  COMMIT: { available: 0, held: -1, committed: 1 },
  RESTOCK: { available: 1, held: 0, committed: -1 },
} as const satisfies Record<Move, Record<'available' | 'held' | 'committed', number>>

/** What inventory does about an order, and what it publishes; no `publish` where that was done before. */
export type Verdict =
  | {
      kind: 'move'
      state: ReservationState
      move?: Move
      publish: 'reserved' | 'committed' | 'released' | 'restocked'
    }
  | { kind: 'reject'; shortages: Shortage[] }
  | { kind: 'ignore' }
  | { kind: 'anomaly' }

/** All lines of an order or none: its units are held, or the order is rejected with what is missing. */
export function onPlaced(
  state: ReservationState,
  items: readonly Item[],
  availableOf: (productId: string) => number,
): Verdict {
  // Cancelled before it was placed, or placed twice: the answer was given.
  if (state !== 'NONE') return { kind: 'ignore' }
  const shortages = items.flatMap(({ product_id, quantity }) => {
    const available = availableOf(product_id)
    return available >= quantity ? [] : [{ product_id, requested: quantity, available }]
  })
  return shortages.length > 0
    ? { kind: 'reject', shortages }
    : { kind: 'move', state: 'HELD', move: 'RESERVE', publish: 'reserved' }
}

export function onConfirmed(state: ReservationState): Verdict {
  switch (state) {
    case 'HELD':
      return { kind: 'move', state: 'COMMITTED', move: 'COMMIT', publish: 'committed' }
    case 'COMMITTED':
    case 'RESTOCKED':
      return { kind: 'ignore' }
    case 'NONE':
    case 'REJECTED':
    case 'RELEASED':
      return { kind: 'anomaly' }
  }
}

/** Gives the units back, or notes that there never will be any: a later reservation finds the tombstone. */
export function onCancelled(state: ReservationState): Verdict {
  switch (state) {
    case 'NONE':
      return { kind: 'move', state: 'RELEASED', publish: 'released' }
    case 'HELD':
      return { kind: 'move', state: 'RELEASED', move: 'RELEASE', publish: 'released' }
    case 'COMMITTED':
      return { kind: 'move', state: 'RESTOCKED', move: 'RESTOCK', publish: 'restocked' }
    case 'REJECTED':
    case 'RELEASED':
    case 'RESTOCKED':
      return { kind: 'ignore' }
  }
}

export function moveUnits(stock: Stock, move: Move, quantity: number): Stock {
  const delta = deltaOf(move, quantity)
  return {
    ...stock,
    available: stock.available + delta.d_available,
    held: stock.held + delta.d_held,
    committed: stock.committed + delta.d_committed,
  }
}

export function deltaOf(move: Move, quantity: number) {
  const { available, held, committed } = PER_UNIT[move]
  return {
    d_available: available * quantity,
    d_held: held * quantity,
    d_committed: committed * quantity,
    d_received: 0,
  }
}
