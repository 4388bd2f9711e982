import { AsyncLocalStorage } from 'node:async_hooks'
import { pooledRandom } from './random.ts'

export interface Trace {
  trace_id: string
  span_id: string
  /** Names one request at the edge; equals the trace id where the client sent none. */
  request_id: string
  /** W3C Trace Context level 1: what is sent to the next process. */
  traceparent: string
}

const storage = new AsyncLocalStorage<Trace>()
const traceparentForm = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/
const requestIdForm = /^[\w.:-]{1,128}$/

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
export function continueTrace(traceparent: string | undefined, requestId?: string): Trace {
  const match = traceparentForm.exec(traceparent ?? '')
  const isZero = match !== null && (/^0+$/.test(match[1]!) || /^0+$/.test(match[2]!))
  const traceId = match === null || isZero ? pooledRandom(16).toString('hex') : match[1]!
  const spanId = pooledRandom(8).toString('hex')
  return {
    trace_id: traceId,
    span_id: spanId,
    request_id: requestId !== undefined && requestIdForm.test(requestId) ? requestId : traceId,
    traceparent: `00-${traceId}-${spanId}-01`,
  }
}
