import { describe, expect, it } from '@jest/globals'
import type { ReservationState } from '@lepton/contracts/inventory'
import fc from 'fast-check'
import { deltaOf, type Move, moveUnits, onCancelled, onConfirmed, onPlaced } from './domain.ts'

const STATES: ReservationState[] = ['NONE', 'HELD', 'REJECTED', 'RELEASED', 'COMMITTED', 'RESTOCKED']
const items = [
  { product_id: 'beans', quantity: 2 },
  { product_id: 'pot', quantity: 1 },
]

describe('an order that was placed', () => {
  it('is held when everything is there', () => {
    expect(onPlaced('NONE', items, () => 2)).toMatchObject({
      kind: 'move',
      state: 'HELD',
      publish: 'reserved',
    })
  })

  it('is rejected as a whole, with all that is short', () => {
    expect(onPlaced('NONE', items, (id) => (id === 'beans' ? 1 : 9))).toEqual({
      kind: 'reject',
      shortages: [{ product_id: 'beans', requested: 2, available: 1 }],
    })
  })

  it.each(STATES.filter((state) => state !== 'NONE'))('is not looked at again when it is %s', (state) => {
    expect(onPlaced(state, items, () => 9)).toEqual({ kind: 'ignore' })
  })
})

describe('every state', () => {
  it.each([
    ['NONE', 'anomaly'],
    ['HELD', 'COMMITTED'],
    ['REJECTED', 'anomaly'],
    ['RELEASED', 'anomaly'],
    ['COMMITTED', 'ignore'],
    ['RESTOCKED', 'ignore'],
  ] as const)('%s becomes %s when the order is confirmed', (state, expected) => {
    const verdict = onConfirmed(state)
    expect(verdict.kind === 'move' ? verdict.state : verdict.kind).toBe(expected)
  })

  it.each([
    ['NONE', 'RELEASED', undefined],
    ['HELD', 'RELEASED', 'RELEASE'],
    ['REJECTED', 'ignore', undefined],
    ['RELEASED', 'ignore', undefined],
    ['COMMITTED', 'RESTOCKED', 'RESTOCK'],
    ['RESTOCKED', 'ignore', undefined],
  ] as const)('%s becomes %s when the order is cancelled', (state, expected, move) => {
    const verdict = onCancelled(state)
    expect(verdict.kind === 'move' ? verdict.state : verdict.kind).toBe(expected)
    expect(verdict.kind === 'move' ? verdict.move : undefined).toBe(move)
  })
})

describe('units', () => {
  it('are never lost or made by moving them', () => {
    const moves = fc.array(
      fc.record({
        move: fc.constantFrom<Move>('RESERVE', 'RELEASE', 'COMMIT', 'RESTOCK'),
        quantity: fc.integer({ min: 1, max: 999 }),
      }),
    )
    fc.assert(
      fc.property(moves, (sequence) => {
        const stock = { product_id: 'beans', available: 1_000, held: 0, committed: 0, received: 1_000 }
        const after = sequence.reduce((now, { move, quantity }) => moveUnits(now, move, quantity), stock)
        return after.available + after.held + after.committed === after.received
      }),
    )
  })

  it('go back to where they were when a move is undone', () => {
    const sum = (...moves: Move[]) =>
      moves
        .map((move) => deltaOf(move, 3))
        .reduce(
          (total, { d_available, d_held, d_committed }) => [
            total[0]! + d_available,
            total[1]! + d_held,
            total[2]! + d_committed,
          ],
          [0, 0, 0],
        )
    expect(sum('RESERVE', 'RELEASE')).toEqual([0, 0, 0])
    expect(sum('RESERVE', 'COMMIT', 'RESTOCK')).toEqual([0, 0, 0])
  })
})
