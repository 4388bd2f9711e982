import { describe, expect, it } from '@jest/globals'
import type { TrailEvent } from '@lepton/contracts/ops-timeline'
import fc from 'fast-check'
import { joinTimeline } from './timeline.ts'

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
function event(id: string, topic: string, ms: number, caused_by: string | null): TrailEvent {
  const service = topic.split('.')[0]!
  return {
    event_id: id,
    topic,
    type: `${service}.something.v1`,
    sequence: 1,
    service,
    instance: `${service}-1`,
    at: at(ms),
    caused_by,
    trace_id: null,
    data: {},
  }
}

const STORY = [
  event('e1', 'cart.v1', 0, null),
  event('e2', 'order.v1', 49, 'e1'),
  event('e3', 'inventory.v1', 110, 'e2'),
  // Of the same instant as its cause: the database's clock counts in microseconds, we see milliseconds.
  event('a4', 'payment.v1', 110, 'e3'),
  event('e5', 'order.v1', 150, 'a4'),
]
const NONE = new Map()

describe('the timeline of an order', () => {
  it('is the same in whatever order the services answer, and has no event twice', () => {
    const whole = joinTimeline([STORY], NONE)
    expect(whole.map(({ event_id }) => event_id)).toEqual(['e1', 'e2', 'e3', 'a4', 'e5'])
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...STORY, ...STORY], { minLength: 10 }),
        fc.integer({ min: 0, max: 10 }),
        (shuffled, cut) => {
          expect(joinTimeline([shuffled.slice(0, cut), shuffled.slice(cut)], NONE)).toEqual(whole)
        },
      ),
    )
  })

  it('has for each event all who read it, and when; who has not applied it yet has no time', () => {
    const applied = new Map([
      ['inventory', [{ event_id: 'e2', sent_at: at(52), at: at(60) }]],
      ['payment', []],
    ])

    const [, placed] = joinTimeline([STORY], applied)

    expect(placed!.consumed).toEqual([
      { service: 'inventory', sent_at: at(52), at: at(60) },
      { service: 'payment', sent_at: null, at: null },
    ])
  })

  it('shows what is there where a cause is missing, and does not hang on causes in a circle', () => {
    const circle = [event('x', 'order.v1', 5, 'y'), event('y', 'order.v1', 5, 'x')]

    expect(joinTimeline([[STORY[4]!], circle], NONE)).toHaveLength(3)
  })
})
