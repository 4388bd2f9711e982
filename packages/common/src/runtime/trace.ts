import { AsyncLocalStorage } from 'node:async_hooks'
import { pooledRandom } from './random.ts'

/** A place in a trace: the span that is worked in. */
export interface Trace {
  trace_id: string
  span_id: string
  /** The span that caused this one; undefined where the trace begins. */
  parent_id: string | undefined
  /** Names one request at the edge; equals the trace id where the client sent none. */
  request_id: string
  /** Whether its spans are collected; decided where the trace begins. */
  is_sampled: boolean
  /** W3C Trace Context level 1: what is sent to the next process. */
  traceparent: string
  /** What others' tracers want to be carried along, as it came. */
  tracestate: string | undefined
}

/** What a request or message says of its trace, header by header. */
export interface TraceHeaders {
  traceparent?: string | null | undefined
  tracestate?: string | null | undefined
  requestId?: string | undefined
}

/** A trace as it is written down with work that is done later, in whichever process. */
export interface KeptTrace {
  traceparent: string | null
  tracestate: string | null
}

const storage = new AsyncLocalStorage<Trace>()
const traceparentForm = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/
const requestIdForm = /^[\w.:-]{1,128}$/
/** What must be carried at least, by the recommendation; of more nothing is. */
const MAX_TRACESTATE_LENGTH = 512
const SAMPLED = 1
let sampleRatio = 1

/** Sets the share, 0 to 1, of the traces begun in this process whose spans are collected. */
export function sampleTraces(ratio: number): void {
  sampleRatio = ratio
}

export function currentTrace(): Trace | undefined {
  return storage.getStore()
}

export function withTrace<T>(trace: Trace, work: () => T): T {
  return storage.run(trace, work)
}

/**
 * Continues the trace that a request or message carries, or starts one.
 *
 * A malformed header starts a new trace, as the W3C recommendation asks: it never fails a request.
 */
export function continueTrace({ traceparent, tracestate, requestId }: TraceHeaders): Trace {
  const [, traceId, parentId, flags] = traceparentForm.exec(traceparent ?? '') ?? []
  const isKnown = traceId !== undefined && !/^0+$/.test(traceId) && !/^0+$/.test(parentId!)
  const trace_id = isKnown ? traceId : pooledRandom(16).toString('hex')
  return placeIn({
    trace_id,
    parent_id: isKnown ? parentId : undefined,
    request_id: requestId !== undefined && requestIdForm.test(requestId) ? requestId : trace_id,
    is_sampled: isKnown ? (Number.parseInt(flags!, 16) & SAMPLED) === SAMPLED : Math.random() < sampleRatio,
    tracestate:
      isKnown && (tracestate?.length ?? 0) <= MAX_TRACESTATE_LENGTH ? (tracestate ?? undefined) : undefined,
  })
}

/** What to write down with work for later: the trace of its cause, where that has one, or else the one worked in. */
export function keepTrace(cause: TraceHeaders = {}): KeptTrace {
  const { traceparent, tracestate } = (cause.traceparent ?? '') === '' ? (currentTrace() ?? {}) : cause
  return { traceparent: traceparent ?? null, tracestate: tracestate ?? null }
}

/** What the next process is sent of the trace that is worked in. */
export function traceHeaders(trace = currentTrace()): { traceparent?: string; tracestate?: string } {
  if (trace === undefined) return {}
  const { traceparent, tracestate } = trace
  return { traceparent, ...(tracestate !== undefined && { tracestate }) }
}

/** A span within another. */
export function childOf({ trace_id, span_id, request_id, is_sampled, tracestate }: Trace): Trace {
  return placeIn({ trace_id, parent_id: span_id, request_id, is_sampled, tracestate })
}

function placeIn(trace: Omit<Trace, 'span_id' | 'traceparent'>): Trace {
  const span_id = pooledRandom(8).toString('hex')
  const traceparent = `00-${trace.trace_id}-${span_id}-${trace.is_sampled ? '01' : '00'}`
  return { ...trace, span_id, traceparent }
}
