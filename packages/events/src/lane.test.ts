import { describe, expect, it } from '@jest/globals'
import { countWithin, createLane } from './lane.ts'
import type { PendingEvent } from './outbox.ts'

const ALL = { events: 1_000, bytes: 1_000_000 }

function event(id: number, payload = '{}'): PendingEvent {
  return {
    id,
    shard: 0,
    epoch: 0,
    event_id: String(id),
    topic: 'tally.v1',
    key: 'k',
    pub_seq: id,
    type: 'tally.added.v1',
    payload,
    headers: {},
  }
}

const idsOf = (events: readonly PendingEvent[]) => events.map(({ id }) => id)

describe('a lane', () => {
  it('gives what came, in its order and once', () => {
    const lane = createLane()
    lane.add([1, 2, 3].map((id) => event(id)))
    expect(idsOf(lane.take({ ...ALL, events: 2 }))).toEqual([1, 2])
    expect(idsOf(lane.take(ALL))).toEqual([3])
    expect(lane.size()).toBe(0)
  })

  it('takes no more than it has places for', () => {
    const lane = createLane()
    lane.add([event(0)])
    expect(lane.add(Array.from({ length: 1_001 }, (_, id) => event(id + 1)))).toBe(999)
    expect(lane.add([event(2_000)])).toBe(0)
  })

  it('drops what has waited too long, and keeps what is younger', () => {
    let nowMs = 0
    const lane = createLane(() => nowMs)
    lane.add([event(1)])
    nowMs = 80
    lane.add([event(2)])
    nowMs = 120
    expect(idsOf(lane.take(ALL))).toEqual([2])
  })

  it('drops no event without the later ones of its commit: they would overtake it', () => {
    let nowMs = 0
    const lane = createLane(() => ++nowMs)
    lane.add([event(1), event(2)])
    nowMs = 101
    expect(lane.take(ALL)).toEqual([])
  })

  it('forgets what is sent otherwise, or everything', () => {
    const lane = createLane()
    lane.add([1, 2, 3].map((id) => event(id)))
    lane.forget([event(2)])
    expect(idsOf(lane.take({ ...ALL, events: 1 }))).toEqual([1])
    lane.forget()
    expect(lane.take(ALL)).toEqual([])
  })

  it('ends a batch at its bytes, after one event at the earliest', () => {
    const large = event(1, 'x'.repeat(1_000))
    expect(countWithin([large, large, large], 3_100)).toBe(2)
    expect(countWithin([large, large], 10)).toBe(1)
    expect(countWithin([], 10)).toBe(0)
  })
})
