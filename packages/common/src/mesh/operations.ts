import type { EventEmitter } from 'node:events'
import type { Log } from '../runtime/log.ts'
import { type Breaker, type BreakerState, createBreaker, type Verdict } from './breaker.ts'
import { createLimit, type Limit } from './limit.ts'
import { createQuantile, type Quantile } from './quantile.ts'
import { type MeshMetrics, tryCounter } from './mesh-metrics.ts'
import type { MeshSettings } from './settings.ts'

export interface Operation {
  /** The name under which it is counted. */
  name: string
  breaker: Breaker
  /** Counts a try that has ended. */
  count: (result: string, seconds: number) => void
  /** How long a try takes (ms): half of them, and all but one in twenty. */
  median: Quantile
  p95: Quantile
  /** Its part of what may be in flight to the service. */
  limit: Limit
}

export interface OperationDeps {
  settings: MeshSettings
  metrics: MeshMetrics
  log: Log
  rotate: EventEmitter
  judgeResult: (answer: unknown) => Verdict
  judgeError: (error: unknown) => Verdict
  /** Runs something without the context of the request that caused it. */
  outsideRequests: <A extends unknown[], R>(work: (...args: A) => R, ...args: A) => R
  now: () => number
}

export interface Operations {
  /** The operation of a name; beyond so many names, one for all others. */
  of(name: string): Operation
  all(): Iterable<Operation>
}

const OTHERS = 'other'

/** What a client keeps about each operation of a service: its breaker, its limit, how long it takes. */
export function createOperations(
  service: string,
  { settings, metrics, log, rotate, judgeResult, judgeError, outsideRequests, now }: OperationDeps,
): Operations {
  const known = new Map<string, Operation>()

  function create(name: string): Operation {
    const breakerLabel = { server_address: service, http_route: name }
    metrics.breakerState.set(breakerLabel, 0)
    const breaker = createBreaker({
      name: `${service} ${name}`,
      rotate,
      settings: settings.breaker,
      judgeResult,
      judgeError,
      now,
      // A breaker turns half-open by a timer, long after the request that opened it.
      onChange: (state) =>
        outsideRequests((state: BreakerState) => {
          metrics.breakerState.set(breakerLabel, state === 'closed' ? 0 : state === 'half-open' ? 1 : 2)
          log[state === 'open' ? 'warn' : 'info'](
            { target: service, operation: name, state },
            'breaker changed',
          )
        }, state),
    })
    const limit = createLimit(Math.ceil(settings.maxPending * settings.maxOperationShare))
    const guessMs = settings.balancer.load.defaultRttMs
    const [median, p95] = [createQuantile(0.5, guessMs), createQuantile(0.95, guessMs)]
    const count = tryCounter(metrics, breakerLabel)
    const operation = { name, breaker, count, limit, median, p95 }
    known.set(name, operation)
    return operation
  }

  return {
    of(name) {
      const one = known.get(name)
      if (one !== undefined) return one
      const bounded = known.size < settings.maxOperations ? name : OTHERS
      return known.get(bounded) ?? create(bounded)
    },
    all: () => known.values(),
  }
}
