import { collectSpans, type Span } from './span.ts'

export interface RecentSpans {
  /** Those of a trace that are still kept, in the order they ended. */
  of(traceId: string): Span[]
  stop(): void
}

/** Keeps the last `max` spans of this process; the oldest makes room for the newest. */
export function keepRecentSpans(max: number): RecentSpans {
  const spans: Span[] = []
  let oldest = 0
  const stop = collectSpans((span) => {
    if (spans.length < max) return void spans.push(span)
    spans[oldest] = span
    oldest = (oldest + 1) % max
  })
  return {
    of: (traceId) =>
      [...spans.slice(oldest), ...spans.slice(0, oldest)].filter(({ trace_id }) => trace_id === traceId),
    stop,
  }
}
