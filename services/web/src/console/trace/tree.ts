import type { Answer, RouteOf } from '@lepton/client/api'

export type Trace = Answer<RouteOf<'GET', '/ops/orders/:order_id/trace'>>
type Span = Trace['spans'][number]

/** A span where it is drawn: how deep in its causes, and where in the time of the whole, from 0 to 1. */
export interface Row {
  span: Span
  depth: number
  from: number
  share: number
}

/** Deeper is drawn no further to the right: the cause stands above it all the same. */
const MAX_DEPTH = 8

/** Spans with what they caused below them, each level in the order it began. A span whose cause is not known stands alone. */
export function rowsOf({ spans }: Pick<Trace, 'spans'>): { rows: Row[]; totalMs: number } {
  const ids = new Set(spans.map(({ span_id }) => span_id))
  const byCause = Map.groupBy(spans, ({ parent_id }) =>
    parent_id !== null && ids.has(parent_id) ? parent_id : null,
  )
  const beginMs = Math.min(...spans.map(({ started_at_ms }) => started_at_ms))
  const endMs = Math.max(...spans.map(({ started_at_ms, duration_ms }) => started_at_ms + duration_ms))
  const totalMs = spans.length === 0 ? 0 : Math.max(1, endMs - beginMs)
  const rows: Row[] = []

  function add(cause: string | null, depth: number): void {
    const caused = byCause.get(cause) ?? []
    byCause.delete(cause)
    for (const span of caused.toSorted((a, b) => a.started_at_ms - b.started_at_ms)) {
      const from = (span.started_at_ms - beginMs) / totalMs
      rows.push({ span, depth: Math.min(depth, MAX_DEPTH), from, share: span.duration_ms / totalMs })
      add(span.span_id, depth + 1)
    }
  }

  add(null, 0)
  return { rows, totalMs }
}
