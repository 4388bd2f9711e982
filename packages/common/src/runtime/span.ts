import { createListeners } from './listeners.ts'
import { childOf, continueTrace, currentTrace, type Trace, type TraceHeaders, withTrace } from './trace.ts'

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'
export type Attributes = Readonly<Record<string, string | number>>

/** A part of what was done for a request, in one process. */
export interface Span {
  trace_id: string
  span_id: string
  parent_id: string | null
  name: string
  kind: SpanKind
  /** Since 1970, with fractions. */
  started_at_ms: number
  duration_ms: number
  attributes: Attributes
  error: string | null
}

/** What a span says besides its place and time; the names of attributes are those of OpenTelemetry's conventions. */
export interface Said {
  name: string
  kind: SpanKind
  attributes?: Attributes
  error?: string | undefined
}

const MAX_ERROR_LENGTH = 200
const collectors = createListeners<Span>()

/**
 * Gets every span of a sampled trace that ends in this process, until the returned function is called.
 * What collects must not throw, and must be quick: it runs within what is measured.
 */
export function collectSpans(collect: (span: Span) => void): () => void {
  return collectors.add(collect)
}

/** Since 1970 (ms), by the clock that spans are measured with: it never goes backwards. */
export function spanNowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Records a span that has ended. Costs nothing where the trace is not sampled. */
export function recordSpan(
  trace: Trace,
  startedAtMs: number,
  { name, kind, attributes = {}, error }: Said,
): void {
  if (!trace.is_sampled) return
  collectors.notify({
    trace_id: trace.trace_id,
    span_id: trace.span_id,
    parent_id: trace.parent_id ?? null,
    name,
    kind,
    started_at_ms: startedAtMs,
    duration_ms: Math.max(0, spanNowMs() - startedAtMs),
    attributes,
    error: error?.slice(0, MAX_ERROR_LENGTH) ?? null,
  })
}

/** Does work as a span of its own within the current one; without a sampled trace it is just done. */
export async function inSpan<T>(said: Said, work: () => Promise<T>): Promise<T> {
  const current = currentTrace()
  return current?.is_sampled === true ? within(childOf(current), said, work) : work()
}

/** Does what an earlier request or message left to do, in the trace that was written down with it. */
export function resumeTrace<T>(
  { traceparent, tracestate }: Pick<TraceHeaders, 'traceparent' | 'tracestate'>,
  said: Said,
  work: () => Promise<T>,
): Promise<T> {
  return within(continueTrace({ traceparent, tracestate }), said, work)
}

async function within<T>(trace: Trace, said: Said, work: () => Promise<T>): Promise<T> {
  const startedAtMs = spanNowMs()
  try {
    const result = await withTrace(trace, work)
    recordSpan(trace, startedAtMs, said)
    return result
  } catch (error) {
    recordSpan(trace, startedAtMs, { ...said, error: String(error) })
    throw error
  }
}
