import { describe, expect, it } from '@jest/globals'
import { afterWork, type BarrierState, passBarrier, type Passage, type Phase } from './barrier.ts'

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
    for (const phase of ['try', 'confirm', 'cancel'] as const) {
      expect(passBarrier(afterWork(phase), phase)).toBe('repeat')
    }
    expect(passBarrier(afterWork('cancel'), 'try')).toBe('refuse')
  })
})
