import { describe, expect, it } from '@jest/globals'
import { createPace } from './pace.ts'

/** A pace with a clock of its own, which is judged every 400 ms. */
function open() {
  let nowMs = 0
  const pace = createPace({ min: 4, max: 64, slowMs: 250 }, () => nowMs)
  return {
    pace,
    round(waits: number[], inProgress = 64) {
      for (const waitMs of waits) pace.heard('stock', waitMs)
      nowMs += 400
      pace.judge(inProgress)
      return pace.limit()
    },
    pass: (ms: number) => void (nowMs += ms),
  }
}

describe('the limit of what is in progress', () => {
  it('is the greatest one until a step is slow', () => {
    expect(open().round([20, 30, 2_000])).toBe(64)
  })

  it('shrinks from what is in progress, not below its least, and grows again', () => {
    const { round } = open()
    expect(round([400], 20)).toBe(16)
    expect(round([400, 500, 20], 16)).toBe(12)
    for (let rounds = 0; rounds < 20; rounds++) round([400], 12)
    expect(round([400], 4)).toBe(4)

    expect(round([20])).toBe(6)
    for (let rounds = 0; rounds < 20; rounds++) round([20])
    expect(round([20])).toBe(64)
  })

  it('moves once for all that is heard of in 400 ms', () => {
    const { pace, round, pass } = open()
    expect(round([400])).toBe(51)
    pace.heard('stock', 400)
    pass(399)
    pace.judge(51)
    expect(pace.limit()).toBe(51)
  })

  it('says when nothing is heard of any more', () => {
    const { pace, pass } = open()
    pace.heard('stock', 20)
    pass(999)
    expect(pace.isHeardWithin(1_000)).toBe(true)
    pass(1)
    expect(pace.isHeardWithin(1_000)).toBe(false)
  })
})
