import { describe, expect, it } from '@jest/globals'
import { type BarrierState, meetBranch, passBarrier, type Passage, type Phase } from './barrier.ts'

const CELLS: [phase: Phase, state: BarrierState, passage: Passage][] = [
  ['try', 'NONE', 'work'],
  ['try', 'TRIED', 'repeat'],
  ['try', 'CONFIRMED', 'repeat'],
  ['try', 'CANCELLED', 'refuse'],
  ['confirm', 'NONE', 'refuse'],
  ['confirm', 'TRIED', 'work'],
  ['confirm', 'CONFIRMED', 'repeat'],
  ['confirm', 'CANCELLED', 'refuse'],
  ['cancel', 'NONE', 'work'],
  ['cancel', 'TRIED', 'work'],
  ['cancel', 'CONFIRMED', 'refuse'],
  ['cancel', 'CANCELLED', 'repeat'],
]

describe('a barrier', () => {
  it.each(CELLS)('lets a %s on %s pass as %s', (phase, state, passage) => {
    expect(passBarrier(state, phase)).toBe(passage)
  })

  it('lets nothing work after the same work, nor a try after a cancellation', () => {
    const branch = { isCancelled: false, try: () => 1, confirm: () => 1, cancel: () => 1 }
    const after = (phase: Phase, before: BarrierState) => meetBranch(before, phase, branch).barrier
    for (const [phase, before] of [
      ['try', 'NONE'],
      ['confirm', 'TRIED'],
      ['cancel', 'TRIED'],
    ] as const) {
      expect(passBarrier(after(phase, before), phase)).toBe('repeat')
    }
    expect(passBarrier(after('cancel', 'NONE'), 'try')).toBe('refuse')
  })
})
