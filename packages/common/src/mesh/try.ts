import { recordSpan, spanNowMs } from '../runtime/span.ts'
import { childOf, currentTrace, type Trace, traceHeaders } from '../runtime/trace.ts'
import { type Blame, blameFor, mayTryAnother } from './blame.ts'
import { ATTEMPT_HEADER, DEADLINE_HEADER, UTILISATION_HEADER } from '../runtime/deadline.ts'
import type { Outcome } from './ejection.ts'
import type { Endpoint } from './endpoint.ts'
import type { MeshMetrics } from './mesh-metrics.ts'
import type { RunningTry } from './second-try.ts'
import type { MeshSettings } from './settings.ts'
import type { Operation } from './operations.ts'
import type { Target } from './target.ts'
import { type Answer, type Method, TransportError } from './transport.ts'

export interface Call {
  method: Method
  path: string
  headers: Record<string, string>
  body?: Buffer | string | undefined
  /** Where the answer is read as it comes: aborted when it is read no further. */
  streamUntil?: AbortSignal | undefined
  /** Aborted when the caller does not want the answer any more. */
  signal?: AbortSignal | undefined
  isRetryable: boolean
  /** Requests of one key go to one endpoint, by a policy that hashes. */
  key: string | undefined
  inboundAttempt: number
  /** What an operation is given at most, and the instant at which this call ends. */
  configuredMs: number
  endsAtMs: number
}

export interface CallDeps {
  settings: MeshSettings
  metrics: MeshMetrics
  now: () => number
  random: () => number
}

export interface Try {
  endpoint: Endpoint
  answer?: Answer
  blame?: Blame
  error?: TransportError
  outcome: Outcome
  wasSent: boolean
  startedMs: number
  rttMs: number
}

/** Less of the configured time than this says nothing about who did not answer in it, or answered with a 5xx. */
export const FAIR_SHARE = 0.4
/** An answer that used more of the configured time than this is close to being none. */
const SLOW_SHARE = 0.8

/** Sends a call to one endpoint. A cancelled try ends soon; its outcome is neutral unless another endpoint was faster. */
export function beginTry(
  target: Target,
  operation: Operation,
  endpoint: Endpoint,
  call: Call,
  { now }: CallDeps,
  { attempt, isCancellable }: { attempt: number; isCancellable: boolean },
): RunningTry<Try> {
  // Costs more than all else here: only for a try that another may overtake.
  const superseded = isCancellable ? new AbortController() : undefined
  const stop = anyOf(call.signal, superseded?.signal)
  const startedMs = now()
  const timeoutMs = Math.max(1, call.endsAtMs - startedMs)
  const current = currentTrace()
  const trace = current?.is_sampled === true ? childOf(current) : current
  const startedAtMs = spanNowMs()

  async function run(): Promise<Try> {
    const isFair = timeoutMs >= call.configuredMs * FAIR_SHARE
    let outcome: Outcome = 'neutral'
    let result: { answer: Answer } | { error: TransportError } | undefined
    try {
      const transport = target.transport(endpoint, 'authorization' in call.headers)
      const headers = outboundHeaders(call.headers, { attempt, timeoutMs, trace })
      const exchange = { method: call.method, path: call.path, headers, body: call.body, timeoutMs }
      const answer =
        call.streamUntil === undefined
          ? await transport.exchange({ ...exchange, signal: stop })
          : await transport.open(exchange, anyOf(call.streamUntil, stop)!)
      result = { answer }
      const rttMs = now() - startedMs
      const blame = blameFor(answer, isFair)
      outcome = outcomeOf(answer, blame, rttMs, call.configuredMs)
      if (outcome === 'success' && target.balancer.isRefusing(endpoint, answer.status)) outcome = 'refusing'
      operation.median.observe(rttMs)
      operation.p95.observe(rttMs)
      endpoint.utilisation = utilisationOf(answer) ?? endpoint.utilisation
      return { endpoint, answer, blame, outcome, wasSent: true, startedMs, rttMs }
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      result = { error }
      const rttMs = now() - startedMs
      // Another endpoint answered first: this one was slow for that, if it had its share of the time.
      const wasOvertaken = superseded?.signal.aborted === true && rttMs >= call.configuredMs * FAIR_SHARE
      outcome = outcomeOfFault(error, isFair, wasOvertaken)
      return { endpoint, error, outcome, wasSent: error.wasSent, startedMs, rttMs }
    } finally {
      const rttMs = now() - startedMs
      target.balancer.settle(endpoint, { outcome, startedMs, rttMs })
      operation.count(resultOf(result), rttMs / 1000)
      if (trace?.is_sampled === true)
        recordSpan(trace, startedAtMs, {
          name: `${target.service} ${operation.name}`,
          kind: 'client',
          attributes: {
            server_address: target.service,
            http_route: operation.name,
            instance: endpoint.instance.name,
            attempt,
            result: resultOf(result),
          },
          error: result !== undefined && 'error' in result ? result.error.fault : undefined,
        })
    }
  }

  return {
    done: run(),
    isGood: ({ answer }) => answer !== undefined && !mayTryAnother(answer),
    cancel: () => superseded?.abort(),
  }
}

function anyOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a === undefined ? b : b === undefined ? a : AbortSignal.any([a, b])
}

function outcomeOfFault({ fault }: TransportError, isFair: boolean, wasOvertaken: boolean): Outcome {
  switch (fault) {
    case 'timeout':
      return isFair ? 'failure' : 'neutral'
    case 'cancelled':
      return wasOvertaken ? 'failure' : 'neutral'
    case 'too-large':
      return 'success'
    case 'connect':
    case 'reset':
      return 'failure'
  }
}

/** `2xx`, or what kept an answer from coming: a status of its own for each would make endless series. */
function resultOf(result: { answer: Answer } | { error: TransportError } | undefined): string {
  if (result === undefined) return 'invalid'
  return 'error' in result ? result.error.fault : `${Math.floor(result.answer.status / 100)}xx`
}

/** What an instance says of itself, from 0 to 1. */
function utilisationOf({ headers }: Answer): number | undefined {
  const utilisation = Number(headers[UTILISATION_HEADER] ?? Number.NaN)
  return utilisation >= 0 && utilisation <= 1 ? utilisation : undefined
}

function outcomeOf({ status }: Answer, blame: Blame, rttMs: number, configuredMs: number): Outcome {
  if (blame === 'instance') return 'failure'
  if (blame !== 'none') return 'neutral'
  return status === 429 || rttMs > configuredMs * SLOW_SHARE ? 'soft' : 'success'
}

function outboundHeaders(
  headers: Record<string, string>,
  { attempt, timeoutMs, trace }: { attempt: number; timeoutMs: number; trace: Trace | undefined },
): Record<string, string> {
  return {
    ...(trace && { ...traceHeaders(trace), 'x-request-id': trace.request_id }),
    ...headers,
    [DEADLINE_HEADER]: String(Math.max(1, Math.floor(timeoutMs))),
    [ATTEMPT_HEADER]: String(attempt),
  }
}
