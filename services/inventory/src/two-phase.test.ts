import { describe, expect, it } from '@jest/globals'
import { type BarrierState, meetBranch, type Phase } from '@lepton/events/tcc/barrier'
import type { ReservationState } from '@lepton/contracts/inventory'
import { stockBranch } from './two-phase.ts'

interface Given {
  barrier?: BarrierState
  state?: ReservationState
}

function meet(phase: Phase, { state = 'NONE', barrier = 'NONE' }: Given) {
  const items = [{ product_id: 'beans', quantity: 1 }]
  const met = meetBranch(
    barrier,
    phase,
    stockBranch(state, items, () => 1),
  )
  const { kind } = met.verdict ?? { kind: met.is === 'contradiction' ? 'anomaly' : 'ignore' }
  const what = met.verdict?.kind === 'move' ? met.verdict.state : kind
  return [met.barrier, what, met.is === 'done' ? 'done' : 'refused'].join(' ')
}

const CELLS: [phase: Phase, barrier: BarrierState, state: ReservationState, expected: string][] = [
  ['try', 'NONE', 'NONE', 'TRIED HELD done'],
  ['try', 'NONE', 'RELEASED', 'CANCELLED ignore refused'],
  ['try', 'TRIED', 'HELD', 'TRIED ignore done'],
  ['try', 'TRIED', 'REJECTED', 'TRIED ignore done'],
  ['try', 'TRIED', 'RELEASED', 'TRIED ignore refused'],
  ['try', 'CONFIRMED', 'COMMITTED', 'CONFIRMED ignore done'],
  ['try', 'CANCELLED', 'RELEASED', 'CANCELLED ignore refused'],
  ['confirm', 'NONE', 'NONE', 'NONE anomaly refused'],
  ['confirm', 'TRIED', 'HELD', 'CONFIRMED COMMITTED done'],
  ['confirm', 'TRIED', 'COMMITTED', 'CONFIRMED ignore done'],
  ['confirm', 'TRIED', 'RESTOCKED', 'CONFIRMED ignore done'],
  ['confirm', 'TRIED', 'REJECTED', 'TRIED anomaly refused'],
  ['confirm', 'TRIED', 'RELEASED', 'TRIED anomaly refused'],
  ['confirm', 'CONFIRMED', 'COMMITTED', 'CONFIRMED ignore done'],
  ['confirm', 'CANCELLED', 'RELEASED', 'CANCELLED anomaly refused'],
  ['cancel', 'NONE', 'NONE', 'CANCELLED RELEASED done'],
  ['cancel', 'NONE', 'RELEASED', 'CANCELLED ignore done'],
  ['cancel', 'TRIED', 'HELD', 'CANCELLED RELEASED done'],
  ['cancel', 'TRIED', 'REJECTED', 'CANCELLED ignore done'],
  ['cancel', 'TRIED', 'RELEASED', 'CANCELLED ignore done'],
  ['cancel', 'TRIED', 'COMMITTED', 'TRIED anomaly refused'],
  ['cancel', 'CANCELLED', 'RELEASED', 'CANCELLED ignore done'],
  ['cancel', 'CONFIRMED', 'COMMITTED', 'CONFIRMED anomaly refused'],
]

describe('a branch', () => {
  it.each(CELLS)('asked to %s, its barrier %s and its units %s: %s', (phase, barrier, state, expected) => {
    expect(meet(phase, { barrier, state })).toBe(expected)
  })
})
