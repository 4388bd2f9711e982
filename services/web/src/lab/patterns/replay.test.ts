import { describe, expect, it } from '@jest/globals'
import type { Lane } from '@lepton/contracts/recordings'
import { isKept, momentAt, movesBetween } from './replay.ts'

const lane: Lane = {
  round: 1,
  lasts_ms: 9_000,
  faults: [
    { at: 1_000, ends: 1_010, title: 'SIGKILL order-2', hits: ['order'] },
    { at: 4_000, ends: 8_000, title: 'SIGSTOP every payment', hits: ['payment'] },
  ],
  counts: [
    [500, 3, 0],
    [1_000, 7, 2],
  ],
  moves: [
    [100, 0, 'gateway', 'order', 12],
    [900, 0, 'order', 'inventory', 40],
  ],
  marked: 0,
  broken: [{ id: 'I8', violations: 3, sample: [{ what: 'is CANCELLED and its reservation HELD' }] }],
}

describe('a recorded lane', () => {
  it('counts up to the instant that is looked at, and keeps its last figures', () => {
    expect([0, 500, 999, 60_000].map((at) => momentAt(lane, at).accepted)).toEqual([0, 3, 3, 7])
    expect(momentAt(lane, 60_000)).toMatchObject({ ended: 2, faults: 2, titles: [] })
  })

  it('shows a kill of one instance for a moment, and a pause of all until it ends', () => {
    expect(momentAt(lane, 1_200)).toMatchObject({ titles: ['SIGKILL order-2'] })
    expect(momentAt(lane, 1_200).instances).toMatchObject({
      order: ['alive', 'gone'],
      payment: ['alive', 'alive'],
    })
    expect(momentAt(lane, 3_000).titles).toEqual([])
    expect(momentAt(lane, 7_900).instances).toMatchObject({ payment: ['gone', 'gone'] })
  })

  it('moves what moved since it was looked at last, once', () => {
    expect(movesBetween(lane, 0, 500)).toEqual([lane.moves[0]])
    expect(movesBetween(lane, 500, 1_000)).toEqual([lane.moves[1]])
    expect(movesBetween(lane, 1_000, 9_000)).toEqual([])
  })

  it('has kept what was not seen to be broken', () => {
    expect([isKept(lane, 'I1'), isKept(lane, 'I8')]).toEqual([true, false])
  })
})
