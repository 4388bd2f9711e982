import { describe, expect, it } from '@jest/globals'
import { rowsOf, type Trace } from './tree.ts'

function span(
  id: string,
  parent: string | null,
  started_at_ms: number,
  duration_ms: number,
): Trace['spans'][number] {
  return {
    trace_id: 't',
    span_id: id,
    parent_id: parent,
    service: 'order',
    instance: 'order-1',
    name: id,
    kind: 'internal',
    started_at_ms,
    duration_ms,
    attributes: {},
    error: null,
  }
}

const drawn = (spans: Trace['spans']) => rowsOf({ spans }).rows.map((row) => [row.span.span_id, row.depth])

describe('a trace as rows', () => {
  it('has what a span caused below it, in the order it began', () => {
    const spans = [span('a', null, 0, 9), span('c', 'a', 3, 1), span('d', 'c', 4, 1), span('b', 'a', 1, 1)]
    expect(drawn(spans)).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
      ['d', 2],
    ])
  })

  it('places each within the time of the whole, also what ends after its cause', () => {
    const { rows, totalMs } = rowsOf({ spans: [span('a', null, 100, 10), span('b', 'a', 115, 5)] })
    expect(totalMs).toBe(20)
    expect(rows.map(({ from, share }) => [from, share])).toEqual([
      [0, 0.5],
      [0.75, 0.25],
    ])
  })

  it('keeps a span whose cause is forgotten, and ends with spans that cause each other', () => {
    expect(drawn([span('a', 'gone', 0, 1), span('b', 'c', 0, 1), span('c', 'b', 0, 1)])).toEqual([['a', 0]])
    expect(rowsOf({ spans: [] })).toEqual({ rows: [], totalMs: 0 })
  })
})
