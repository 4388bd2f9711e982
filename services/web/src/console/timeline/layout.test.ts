import { describe, expect, it } from '@jest/globals'
import { layoutOf, type Trail } from './layout.ts'

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
function event(
  id: string,
  service: string,
  type: string,
  ms: number,
  caused_by: string | null = null,
): Trail['events'][number] {
  return {
    event_id: id,
    topic: `${service}.v1`,
    type,
    sequence: 1,
    service,
    instance: `${service}-1`,
    at: at(ms),
    caused_by,
    trace_id: null,
    data: {},
    consumed: [],
  }
}
const story = (events: Trail['events'], more: Partial<Trail> = {}): Trail => ({
  as_of: at(0),
  incomplete: [],
  events,
  tasks: [],
  dead: [],
  expected: [],
  ...more,
})

describe('the timeline', () => {
  it('gives each service a lane and each event a column, in the order of causes', () => {
    const { lanes, items } = layoutOf(
      story([
        event('a', 'cart', 'cart.checked_out.v1', 0),
        event('b', 'order', 'order.placed.v1', 49, 'a'),
        event('c', 'inventory', 'inventory.stock_reserved.v1', 110, 'b'),
      ]),
    )

    expect(lanes).toEqual(['cart', 'order', 'inventory', 'payment', 'psp'])
    expect(items.map(({ lane, column, afterMs, cause }) => [lane, column, afterMs, cause])).toEqual([
      [0, 0, 0, undefined],
      [1, 1, 49, 'a'],
      [2, 2, 110, 'b'],
    ])
  })

  it('puts what was asked of the bank where it happened, and names its cause', () => {
    const task = {
      op: 'AUTH',
      attempts: 1,
      started_at: at(120),
      ended_at: at(130),
      next_at: at(0),
      outcome: 'OK',
      last_error: null,
    } as const
    const { items } = layoutOf(
      story(
        [
          event('c', 'inventory', 'inventory.stock_reserved.v1', 110),
          event('d', 'payment', 'payment.authorized.v1', 140, 'c'),
        ],
        { tasks: [task] },
      ),
    )

    expect(items.map(({ name, cause }) => [name, cause])).toEqual([
      ['inventory.stock_reserved.v1', undefined],
      ['AUTH', 'c'],
      ['payment.authorized.v1', 'c'],
    ])
  })

  it('shows a long wait as a column, and what is still to come at the end, without a time', () => {
    const expected = { step: 'payment_authorized', service: 'payment', since: at(110), deadline: null }
    const { items, gaps, columns } = layoutOf(
      story(
        [event('a', 'order', 'order.placed.v1', 0), event('b', 'order', 'order.cancelled.v1', 19_000, 'a')],
        {
          expected: [expected],
        },
      ),
    )

    expect(gaps).toEqual([{ column: 1, ms: 19_000 }])
    expect(columns).toBe(4)
    expect(items.at(-1)).toEqual({
      id: 'expected payment_authorized',
      kind: 'expected',
      name: 'payment_authorized',
      lane: 3,
      column: 3,
    })
  })
})
