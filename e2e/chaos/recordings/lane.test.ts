import { describe, expect, it } from '@jest/globals'
import { Lane, RECORDING_LIMITS } from '@lepton/contracts/recordings'
import type { Facts, Violation } from '../invariants/facts.ts'
import { IDS, soundFacts } from '../invariants/sound-facts.ts'
import type { InjectedFault } from '../nemesis/nemesis.ts'
import { laneOf } from './lane.ts'

const BEGAN = 1_000_000
const MS = 1e6
const { COMPLETED, REJECTED, REFUNDED } = IDS
const idOf = (index: number) => `0f0f0f0f-0000-7000-8000-${String(index).padStart(12, '0')}`

/** An attack that began 500 ms into the history; what each order sent, and when it was applied. */
function attacked(change: Partial<Facts> = {}, violations: Violation[] = [], injected: InjectedFault[] = []) {
  const facts = { ...soundFacts(), ...change }
  return laneOf(
    { facts, violations, injected, startedAtMs: BEGAN + 500 },
    { historyStartedAtMs: BEGAN, round: 2 },
  )
}

const placedAt = (orderId: string, ms: number, change: object = {}): Facts['history'][number] => ({
  ...soundFacts().history[0]!,
  order_id: orderId,
  invoked_ns: (ms - 40) * MS,
  completed_ns: ms * MS,
  answer: { order_id: orderId },
  ...change,
})
const sent = (index: number, orderId: string, ms: number, type = 'order.placed.v1') => ({
  event_id: idOf(index),
  topic: 'order.v1',
  key: orderId,
  pub_seq: 1,
  type,
  created_ms: BEGAN + ms,
})
const applied = (index: number, ms: number) => ({
  consumer: 1,
  event_id: idOf(index),
  at_ms: BEGAN + ms,
  sent_ms: null,
})
const owners = soundFacts().archives

describe('a lane', () => {
  it('counts each order once, however often it was asked for, and its end where it was accepted', () => {
    const lane = attacked({
      history: [
        placedAt(COMPLETED, 700),
        placedAt(COMPLETED, 800),
        placedAt(REJECTED, 1_300, { outcome: 'info' }),
        placedAt(REFUNDED, 100),
      ],
      archives: {
        ...owners,
        order: [
          sent(1, COMPLETED, 900, 'order.completed.v1'),
          sent(2, COMPLETED, 950, 'order.completed.v1'),
          sent(3, REJECTED, 960, 'order.closed.v1'),
        ],
      },
    })
    expect(lane.counts).toEqual([[500, 1, 1]])
    expect([lane.round, Lane.parse(lane)]).toEqual([2, lane])
  })

  it('has the ways of requests and events since it began, by the clock of the attack', () => {
    const lane = attacked({
      history: [placedAt(COMPLETED, 700), placedAt(REJECTED, 900, { kind: 'checkout' })],
      archives: { ...owners, order: [sent(1, COMPLETED, 720), sent(2, COMPLETED, 100)] },
      inboxes: { ...soundFacts().inboxes, inventory: [applied(1, 760), applied(2, 790)] },
    })
    expect(lane.moves).toEqual([
      [160, 0, 'gateway', 'order', 40],
      [220, 0, 'order', 'inventory', 40],
      [360, 1, 'gateway', 'cart', 40],
    ])
    expect(lane.lasts_ms).toBe(500)
  })

  it('says what broke, with a few cases each, and puts those orders first', () => {
    const breach = (order_id: string): Violation => ({ invariant: 'I8', what: 'x'.repeat(1_000), order_id })
    const ids = Array.from({ length: 5 }, (_, index) => idOf(index))
    const lane = attacked({ history: [COMPLETED, ...ids].map((id, index) => placedAt(id, 700 + index)) }, [
      ...ids.map(breach),
      { invariant: 'I7', what: 'not quiet' },
    ])
    expect(lane.broken.map(({ id, violations, sample }) => [id, violations, sample.length])).toEqual([
      ['I8', 5, RECORDING_LIMITS.samples],
      ['I7', 1, 1],
    ])
    expect(lane.marked).toBeGreaterThan(0)
    expect(Lane.parse(lane)).toEqual(lane)
  })

  it('stays within its limits, whatever happened', () => {
    const ids = Array.from({ length: 3_000 }, (_, index) => idOf(index))
    const fault = {
      kind: 'kill',
      title: 'SIGKILL order-2',
      beganAtMs: BEGAN + 600,
      endedAtMs: undefined,
    } as const
    const lane = attacked(
      { history: ids.map((id, index) => placedAt(id, 600 + 100 * index)) },
      [],
      Array.from({ length: 100 }, () => fault),
    )
    expect(lane.moves.length).toBeGreaterThan(RECORDING_LIMITS.moves / 2)
    expect(Lane.parse(lane)).toEqual(lane)
    expect(lane.faults[0]).toEqual({ at: 100, ends: 100, title: 'SIGKILL order-2', hits: ['order'] })
    expect(lane.counts.at(-1)![1]).toBe(3_000)
  })
})
