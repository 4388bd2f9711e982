import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createOrderTally, type LoggedEvent } from './order-tally.ts'

const NOW = Date.UTC(2026, 0, 1)
let count = 0
const event = (type: string, key: string, atMs = NOW, amount_minor?: number): LoggedEvent => ({
  event_id: `event-${(count += 1)}`,
  type,
  key,
  atMs,
  amount_minor,
})

describe('orders, counted by the log', () => {
  it('are accepted, in flight, completed or undone, with their money', () => {
    const tally = createOrderTally()
    for (const one of [
      event('order.placed.v1', 'a', NOW - 4_000),
      event('order.placed.v1', 'b', NOW - 3_000),
      event('order.placed.v1', 'c', NOW - 20_000),
      event('payment.captured.v1', 'a', NOW, 700),
      event('order.completed.v1', 'a', NOW - 3_900),
      event('order.closed.v1', 'b', NOW),
      event('payment.refunded.v1', 'a', NOW, 200),
    ])
      tally.add(one)

    expect(tally.figures(NOW)).toEqual({
      accepted: 3,
      completed: 1,
      undone: 1,
      in_flight: 1,
      accepted_per_s: 0.2,
      completed_p50_ms: 100,
      completed_p99_ms: 100,
      captured_minor: 700,
      refunded_minor: 200,
    })
  })

  it('count what the log has twice once, in whichever order it comes', () => {
    const events = [
      event('order.placed.v1', 'a'),
      event('order.completed.v1', 'a', NOW + 50),
      event('payment.captured.v1', 'a', NOW, 700),
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray([...events, ...events], { minLength: 6 }), (shuffled) => {
        const tally = createOrderTally()
        for (const one of shuffled) tally.add(one)
        const { accepted, completed, captured_minor } = tally.figures(NOW)
        expect([accepted, completed, captured_minor]).toEqual([1, 1, 700])
      }),
    )
  })

  it('have no durations where none was completed lately', () => {
    const tally = createOrderTally()
    tally.add(event('order.placed.v1', 'a', NOW - 400_000))
    tally.add(event('order.completed.v1', 'a', NOW - 399_000))

    expect(tally.figures(NOW).completed_p50_ms).toBeNull()
  })
})
