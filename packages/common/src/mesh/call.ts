import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Blame, isDenied, isTooLate, mayTryAnother } from './blame.ts'
import type { Endpoint } from './endpoint.ts'
import { decideRetry } from './retry.ts'
import type { RetryBudget } from './retry-budget.ts'
import { firstGood } from './second-try.ts'
import type { Operation } from './operations.ts'
import type { Target } from './target.ts'
import type { Answer } from './transport.ts'
import { beginTry, type Call, type CallDeps } from './try.ts'

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
  let earlier: MeshAnswer | undefined
  let sent = 0
  let unsent = 0
  target.budget.deposit()
  for (;;) {
    const endpoint = target.balancer.take({ tried, isRetryable: call.isRetryable, key: call.key })
    if (endpoint === undefined) throw new CallFailed('no instance is known', { isFault: false })
    target.countPick()
    tried.push(endpoint)
    const mayRepeat = call.isRetryable && call.inboundAttempt === 1 && sent < settings.retry.maxRetries
    const begin = (to: Endpoint, attempt: number) =>
      beginTry(target, operation, to, call, deps, {
        attempt: Math.max(call.inboundAttempt, attempt),
        isCancellable: mayRepeat,
      })
    const first = begin(endpoint, sent + 1)
    const beginSecond = (budget: RetryBudget) => {
      const other = takeOther(target, tried, call, budget)
      if (other === undefined) return undefined
      target.countPick()
      tried.push(other)
      sent += 1
      return begin(other, sent + 1)
    }
    const chances = () =>
      chancesOf(target, operation, call, now()).map(({ afterMs, budget }) => ({
        afterMs,
        begin: () => beginSecond(budget),
      }))
    const result = await (mayRepeat ? firstGood(first, chances()) : first.done)
    if (sent > 0) {
      metrics.retries.inc({ ...label, outcome: result.outcome === 'success' ? 'success' : 'failure' })
    }
    const { answer, error, blame = 'none' } = result
    if (answer !== undefined && isDenied(answer))
      throw new CallFailed(`an intention in Consul denies the calls of ${target.service}`, { isFault: false })
    if (answer !== undefined && !mayTryAnother(answer)) {
      // The next instance does not have the bug: it was the first one's after all.
      if (answer.status < 500) for (const blamed of buggy) target.balancer.blame(blamed.endpoint, blamed)
      // What the second one lacked is the time that the first one took: the first one's reason says more.
      if (earlier !== undefined && isTooLate(answer)) return earlier
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
    if (answer !== undefined) earlier = reply(answer, result.endpoint, blame)
    if (decision.again) {
      if (decision.delayMs > 0) await sleep(decision.delayMs)
      continue
    }
    metrics.retries.inc({ ...label, outcome: decision.because })
    // Also that of an earlier try, which gave its reason, where the last instance was not even reached.
    if (earlier !== undefined && (answer !== undefined || !result.wasSent)) return earlier
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
function takeOther(
  target: Target,
  tried: readonly Endpoint[],
  call: Call,
  budget: RetryBudget,
): Endpoint | undefined {
  if (!hasUntried(target, tried) || !budget.withdraw()) return undefined
  return target.balancer.take({ tried, isRetryable: true, key: call.key })
}

/**
 * When a second try may begin beside a first (ms), and which budget pays for it. After half of the time, unless the
 * operation is known to need more; before that for a read that is hedged, when it is slower than nearly all of its kind.
 */
function chancesOf(
  { hedges, budget }: Target,
  { median, p95 }: Operation,
  { method, endsAtMs }: Call,
  nowMs: number,
): { afterMs: number; budget: RetryBudget }[] {
  const late = { afterMs: Math.max((endsAtMs - nowMs) / 2, 3 * median.value()), budget }
  const hedgeBudget = method === 'GET' ? hedges() : undefined
  if (hedgeBudget === undefined || p95.value() >= late.afterMs) return [late]
  hedgeBudget.deposit()
  return [{ afterMs: p95.value(), budget: hedgeBudget }, late]
}

function reply(answer: Answer, endpoint: Endpoint, blame: Blame): MeshAnswer {
  return { ...answer, endpoint: endpoint.instance.name, blame }
}
