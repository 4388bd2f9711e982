import { describe, expect, it } from '@jest/globals'
import { ofEachOwner } from '@lepton/setup/services'
import type { Facts } from '../invariants/facts.ts'
import { longestMs, longestPauseMs, resumedAtMs, waysOf } from './waits.ts'

const none = ofEachOwner(() => [])
const archived = (event_id: string, created_ms: number): Facts['archives']['order'][number] => ({
  event_id,
  topic: 'order.v1',
  key: event_id,
  pub_seq: 1,
  type: 'order.placed.v1',
  created_ms,
})
const logged = (event_id: string, timestamp_ms: number, isPoison = false): Facts['log'][number] => ({
  topic: 'order.v1',
  partition: 0,
  offset: timestamp_ms,
  key: event_id,
  event_id,
  sequence: 1,
  type: 'order.placed.v1',
  timestamp_ms,
  isPoison,
})
const applied = (event_id: string, at_ms: number) => ({ consumer: 1, event_id, at_ms, sent_ms: null })

describe('the ways of events', () => {
  it('end at the first time that an event is on the log', () => {
    const { published, applied: taken } = waysOf({
      archives: { ...none, order: [archived('a', 100), archived('b', 200)] },
      inboxes: { ...none, inventory: [applied('a', 150), applied('b', 900)] },
      log: [logged('b', 700), logged('a', 110), logged('a', 650), logged('b', 300), logged('a', 1, true)],
    })
    expect(published.order).toEqual([
      { fromMs: 100, untilMs: 110 },
      { fromMs: 200, untilMs: 300 },
    ])
    expect(taken.inventory).toEqual([
      { fromMs: 110, untilMs: 150 },
      { fromMs: 300, untilMs: 900 },
    ])
    expect(taken.payment).toEqual([])
  })

  it('leave out what was never sent', () => {
    const { published } = waysOf({
      archives: { ...none, order: [archived('a', 100)] },
      inboxes: none,
      log: [],
    })
    expect(published.order).toEqual([])
  })

  it('count for the time they began in', () => {
    const ways = [
      { fromMs: 10, untilMs: 500 },
      { fromMs: 100, untilMs: 140 },
      { fromMs: 120, untilMs: 190 },
      { fromMs: 300, untilMs: 900 },
    ]
    expect(longestMs(ways, { fromMs: 50, untilMs: 200 })).toBe(70)
    expect(longestMs(ways, { fromMs: 1_000, untilMs: 2_000 })).toBe(0)
  })
})

describe('what happens all the time', () => {
  const span = { fromMs: 0, untilMs: 100 }

  it('resumed at the end of its longest pause', () => {
    expect(resumedAtMs([80, 10, 20, 75, 90], span)).toBe(75)
  })

  it('did not resume when the pause lasts until the end', () => {
    expect(resumedAtMs([10, 20, 30, 300], span)).toBe(Infinity)
    expect(resumedAtMs([], span)).toBe(Infinity)
  })
})

it('takes the longest pause that touches a time, also one that does not end in it', () => {
  const span = { fromMs: 100, untilMs: 200 }
  expect(longestPauseMs([10, 90, 130, 150, 199, 260, 900], span)).toBe(61)
  expect(longestPauseMs([90, 110, 190, 290, 300], span)).toBe(100)
  expect(longestPauseMs([90, 110, 120], span)).toBe(80)
  expect(longestPauseMs([], span)).toBe(100)
})
