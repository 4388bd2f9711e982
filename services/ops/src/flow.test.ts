import { describe, expect, it } from '@jest/globals'
import { createFlow, type FlowEvent } from './flow.ts'

const NOW = Date.UTC(2026, 0, 1)
const placed: FlowEvent = {
  topic: 'order.v1',
  type: 'order.placed.v1',
  order_id: '0b0c6fb5-0000-4000-8000-000000000000',
  source: 'order',
  atMs: NOW - 5,
  hasCause: false,
  processor_ms: undefined,
}

describe('the flow of orders', () => {
  it('goes from who publishes to who consumes, and from the entrance where it begins', () => {
    const flow = createFlow()
    flow.add(placed, NOW, 1)

    expect(flow.take()).toEqual({
      share: 1,
      rows: [
        [1, 'gateway', 'order', 'request', 0],
        [1, 'order', 'inventory', 'event', 5],
        [1, 'order', 'payment', 'event', 5],
      ],
    })
    expect(flow.take().rows).toEqual([])
  })

  it('shows the card processor as what payment asked, and an order by the same number', () => {
    const flow = createFlow()
    flow.add(placed, NOW, 1)
    const authorized = {
      topic: 'payment.v1',
      type: 'payment.authorized.v1',
      source: 'payment',
      hasCause: true,
    }
    flow.add({ ...placed, ...authorized, processor_ms: 40 }, NOW, 1)

    expect(flow.take().rows.slice(-2)).toEqual([
      [1, 'payment', 'psp', 'request', 40],
      [1, 'payment', 'order', 'event', 5],
    ])
  })

  it('holds no id, nothing that is old, and no more than 60 steps', () => {
    const flow = createFlow()
    flow.add({ ...placed, atMs: NOW - 60_000 }, NOW, 1)
    expect(flow.take().rows).toEqual([])

    for (let count = 0; count < 100; count++) flow.add(placed, NOW, 1)
    const { rows } = flow.take()
    expect(rows).toHaveLength(60)
    expect(JSON.stringify(rows)).not.toContain(placed.order_id.slice(0, 8))
  })

  it('shows whole orders of a shop that is too busy for all of them, and says which share', () => {
    const flow = createFlow()
    const ids = Array.from(
      { length: 16 },
      (_, digit) => `${digit.toString(16)}0000000-0000-4000-8000-000000000000`,
    )
    const shown = ids.filter((order_id) => {
      flow.add({ ...placed, order_id }, NOW, 40)
      const begun = flow.take()
      flow.add({ ...placed, order_id, type: 'order.completed.v1', hasCause: true }, NOW, 40)
      const ended = flow.take()
      expect([begun.share, begun.rows.length > 0]).toEqual([0.5, ended.rows.length > 0])
      return begun.rows.length > 0
    })

    expect(shown.length).toBe(8)
  })
})
