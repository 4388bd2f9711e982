import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentTrace } from '../runtime/trace.ts'
import { type Blame, blameFor, mayTryAnother } from './blame.ts'
import { ATTEMPT_HEADER, DEADLINE_HEADER, UTILISATION_HEADER } from '../runtime/deadline.ts'
import type { Outcome } from './ejection.ts'
import type { Endpoint } from './endpoint.ts'
import type { MeshMetrics } from './mesh-metrics.ts'
import { decideRetry } from './retry.ts'
import { firstGood, type RunningTry } from './second-try.ts'
import type { MeshSettings } from './settings.ts'
import type { Operation, Target } from './target.ts'
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

export interface MeshAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  stream?: Readable
  /** The name of the instance that answered. */
  endpoint: string
  blame: Blame
}

/** No endpoint gave an answer. `isFault`: the service is to blame for it. */
export class CallFailed extends Error {
  readonly isFault: boolean
  readonly isTimeout: boolean

  constructor(message: string, options: { isFault: boolean; isTimeout?: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.isFault = options.isFault
    this.isTimeout = options.isTimeout ?? false
  }
}

export interface CallDeps {
  settings: MeshSettings
  metrics: MeshMetrics
  now: () => number
  random: () => number
}

interface Try {
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

/** Sends a call to an endpoint, and to another when that fails and may be repeated, until its time is over. */
export async function callEndpoints(
  target: Target,
  operation: Operation,
  call: Call,
  deps: CallDeps,
): Promise<MeshAnswer> {
  const { settings, metrics, now, random } = deps
  const label = { server_address: target.service }
  const tried: Endpoint[] = []
  const buggy: { endpoint: Endpoint; startedMs: number; rttMs: number }[] = []
  let sent = 0
  let unsent = 0
  target.budget.deposit()
  for (;;) {
    const endpoint = target.balancer.take({ tried, isRetryable: call.isRetryable, key: call.key })
    if (endpoint === undefined) throw new CallFailed('no instance is known', { isFault: false })
    metrics.picks.inc(label)
    tried.push(endpoint)
    const mayRepeat = call.isRetryable && call.inboundAttempt === 1 && sent < settings.retry.maxRetries
    const begin = (to: Endpoint, attempt: number) =>
      beginTry(target, operation, to, call, deps, Math.max(call.inboundAttempt, attempt))
    const first = begin(endpoint, sent + 1)
    const result = await (mayRepeat
      ? firstGood(first, lateMs(operation, call, now()), () => {
          const other = takeOther(target, tried, call)
          if (other === undefined) return undefined
          metrics.picks.inc(label)
          tried.push(other)
          sent += 1
          return begin(other, sent + 1)
        })
      : first.done)
    if (sent > 0) {
      metrics.retries.inc({ ...label, outcome: result.outcome === 'success' ? 'success' : 'failure' })
    }
    const { answer, error, blame = 'none' } = result
    if (answer !== undefined && !mayTryAnother(answer)) {
      // The next instance does not have the bug: it was the first one's after all.
      if (answer.status < 500) for (const blamed of buggy) target.balancer.blame(blamed.endpoint, blamed)
      return reply(answer, result.endpoint, blame)
    }
    if (answer?.status === 500)
      buggy.push({ endpoint: result.endpoint, startedMs: result.startedMs, rttMs: result.rttMs })
    if (error?.fault === 'cancelled') throw new CallFailed('cancelled', { isFault: false, cause: error })
    if (error?.fault === 'too-large') throw new CallFailed(error.message, { isFault: false, cause: error })

    if (result.wasSent) sent += 1
    else unsent += 1
    const decision = decideRetry(
      {
        wasSent: result.wasSent,
        isRetryable: call.isRetryable,
        sent,
        unsent,
        inboundAttempt: call.inboundAttempt,
        hasOther: hasUntried(target, tried),
        remainingMs: call.endsAtMs - now(),
        medianMs: operation.median.value(),
      },
      { settings: settings.retry, budget: target.budget, random },
    )
    if (decision.again) {
      if (decision.delayMs > 0) await sleep(decision.delayMs)
      continue
    }
    metrics.retries.inc({ ...label, outcome: decision.because })
    if (answer !== undefined) return reply(answer, result.endpoint, blame)
    const isTimeout = error?.fault === 'timeout'
    throw new CallFailed(`no instance answered`, {
      isFault: result.outcome !== 'neutral',
      isTimeout,
      cause: error,
    })
  }
}

/** Counting is not enough: what was tried may have left since. */
function hasUntried({ balancer }: Target, tried: readonly Endpoint[]): boolean {
  return balancer.endpoints().some((endpoint) => !tried.includes(endpoint))
}

/** An endpoint for a second try beside the first, if there is one, and room in the retry budget. */
function takeOther(target: Target, tried: readonly Endpoint[], call: Call): Endpoint | undefined {
  if (!hasUntried(target, tried) || !target.budget.withdraw()) return undefined
  return target.balancer.take({ tried, isRetryable: true, key: call.key })
}

/** After half of the time a first try is late, unless the operation is known to need more. */
function lateMs({ median }: Operation, { endsAtMs }: Call, nowMs: number): number {
  return Math.max((endsAtMs - nowMs) / 2, 3 * median.value())
}

function reply(answer: Answer, endpoint: Endpoint, blame: Blame): MeshAnswer {
  return { ...answer, endpoint: endpoint.instance.name, blame }
}

/** Sends a call to one endpoint. A cancelled try ends soon; its outcome is neutral unless another endpoint was faster. */
function beginTry(
  target: Target,
  operation: Operation,
  endpoint: Endpoint,
  call: Call,
  { metrics, now }: CallDeps,
  attempt: number,
): RunningTry<Try> {
  const superseded = new AbortController()
  const { signal } = call
  const stop = signal === undefined ? superseded.signal : AbortSignal.any([signal, superseded.signal])
  const startedMs = now()
  const timeoutMs = Math.max(1, call.endsAtMs - startedMs)

  async function run(): Promise<Try> {
    const isFair = timeoutMs >= call.configuredMs * FAIR_SHARE
    let outcome: Outcome = 'neutral'
    let result: { answer: Answer } | { error: TransportError } | undefined
    try {
      const transport = target.transport(endpoint)
      const headers = outboundHeaders(call.headers, { attempt, timeoutMs })
      const exchange = { method: call.method, path: call.path, headers, body: call.body, timeoutMs }
      const answer =
        call.streamUntil === undefined
          ? await transport.exchange({ ...exchange, signal: stop })
          : await transport.open(exchange, AbortSignal.any([call.streamUntil, stop]))
      result = { answer }
      const rttMs = now() - startedMs
      const blame = blameFor(answer, isFair)
      outcome = outcomeOf(answer, blame, rttMs, call.configuredMs)
      if (outcome === 'success' && target.balancer.isRefusing(endpoint, answer.status)) outcome = 'soft'
      operation.median.observe(rttMs)
      endpoint.utilisation = utilisationOf(answer) ?? endpoint.utilisation
      return { endpoint, answer, blame, outcome, wasSent: true, startedMs, rttMs }
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      result = { error }
      const rttMs = now() - startedMs
      // Another endpoint answered first: this one was slow for that, if it had its share of the time.
      const wasOvertaken = superseded.signal.aborted && rttMs >= call.configuredMs * FAIR_SHARE
      outcome = outcomeOfFault(error, isFair, wasOvertaken)
      return { endpoint, error, outcome, wasSent: error.wasSent, startedMs, rttMs }
    } finally {
      const rttMs = now() - startedMs
      target.balancer.settle(endpoint, { outcome, startedMs, rttMs })
      const labels = { server_address: target.service, http_route: operation.name }
      metrics.duration.observe(labels, rttMs / 1000)
      metrics.tries.inc({ ...labels, result: resultOf(result) })
    }
  }

  return {
    done: run(),
    isGood: ({ answer }) => answer !== undefined && !mayTryAnother(answer),
    cancel: () => superseded.abort(),
  }
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
  { attempt, timeoutMs }: { attempt: number; timeoutMs: number },
): Record<string, string> {
  const trace = currentTrace()
  return {
    ...(trace && { traceparent: trace.traceparent, 'x-request-id': trace.request_id }),
    ...headers,
    [DEADLINE_HEADER]: String(Math.max(1, Math.floor(timeoutMs))),
    [ATTEMPT_HEADER]: String(attempt),
  }
}
