import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { refuse, Unavailable } from '../runtime/problem.ts'
import type { Control } from './control/control.ts'
import { callEndpoints, CallFailed, type MeshAnswer } from './call.ts'
import { DeadlineExceeded, hopBudgetMs, inboundAttempt, remainingMs } from '../runtime/deadline.ts'
import type { Discovery } from './discovery.ts'
import type { KnownInstance } from './membership.ts'
import { createMeshMetrics } from './mesh-metrics.ts'
import { isReadyWithin } from './ready-within.ts'
import { isIdempotent } from './retry.ts'
import { meshDefaults, type MeshSettings } from './settings.ts'
import { createTarget, type Target } from './target.ts'
import type { Identity } from './tls/identity.ts'
import { lookAt, type TargetLook } from './target-look.ts'
import type { Method } from './transport.ts'
import { FAIR_SHARE } from './try.ts'
import { asUnavailable, isLate } from './unanswered.ts'

export interface MeshRequest {
  service: string
  /** A name from a small fixed set, such as the route's: each has a breaker and series of its own. */
  operation: string
  method: Method
  path: string
  headers?: Record<string, string>
  body?: Buffer | string | undefined
  deadlineMs?: number
  /** Requests of one key go to one instance, where the policy is `consistent_hash`. */
  key?: string
  /** Aborted when the answer is not wanted any more: the instance sees its connection close. */
  signal?: AbortSignal
  /** Whether it may be sent twice; by default as the method and an Idempotency-Key say. */
  idempotent?: boolean
}

export interface MeshClient {
  /**
   * The answer of some instance, whatever its status, within the deadline of the context.
   *
   * @throws Unavailable when no instance answers in time, the breaker is open or too much is in flight
   * @throws Refusal `deadline-exceeded` when the caller left too little time to expect an answer
   */
  request(request: MeshRequest): Promise<MeshAnswer>
  /**
   * The same, but for a 200, which is a `stream` from its headers on and has no deadline then. It is let go when the
   * signal is aborted.
   */
  stream(request: MeshRequest, signal: AbortSignal): Promise<MeshAnswer>
  /** Gets to know a service before its first request, so that the registry may be away by then. */
  watch(service: string): void
  /** Whether it knows the instances of every service that it was asked to watch, from discovery or from a file. */
  isInformed(): boolean
  /** The instances of a service as discovery knows them now, also those that it no longer believes in. */
  instances(service: string): readonly KnownInstance[]
  /** What it knows of each service that it has called or watches. */
  look(): TargetLook[]
  /** Ends what keeps the process busy; requests in flight may finish. The discovery stays open. */
  close(): Promise<void>
}

export interface MeshClientOptions {
  discovery: Discovery
  /** Who this process is: instances that speak TLS are called by it. */
  identity?: Identity | undefined
  /** Settings that change while the client runs. */
  control?: Pick<Control, 'traffic' | 'subscribe'>
  log: Log
  metrics: Metrics
  settings?: Partial<MeshSettings>
  now?: () => number
  random?: () => number
}

/** An answer that only its own request is to blame for says nothing about the operation. */
const VERDICTS = { none: 'good', request: 'nothing', operation: 'bad', instance: 'bad' } as const

export function createMeshClient({
  discovery,
  identity,
  control,
  log,
  metrics: processMetrics,
  settings: given,
  now = () => performance.now(),
  random = Math.random,
}: MeshClientOptions): MeshClient {
  const settings = { ...meshDefaults, ...given }
  const metrics = createMeshMetrics(processMetrics)
  const targets = new Map<string, Target>()
  /** Services that stay watched though they are idle. */
  const pinned = new Set<string>()
  const rotate = new EventEmitter().setMaxListeners(0)
  // Connections and breakers outlive the request that first needed them: they must not keep its context.
  const outsideRequests = AsyncLocalStorage.snapshot()
  let isClosed = false
  const ticker = setInterval(() => {
    rotate.emit('rotate')
    for (const target of targets.values()) {
      target.tick()
      if (isIdle(target, settings.idleMs)) drop(target)
    }
  }, settings.breaker.windowMs / settings.breaker.buckets).unref()

  function addTarget(service: string): Target {
    const target = createTarget({
      watch: discovery.watch(service),
      identity,
      settings,
      metrics,
      log,
      rotate,
      judgeResult: (answer) => VERDICTS[(answer as MeshAnswer).blame],
      judgeError: (error) => (error instanceof CallFailed && error.isFault ? 'bad' : 'nothing'),
      outsideRequests,
      now,
      random,
    })
    if (control !== undefined) target.configure(control.traffic(service))
    targets.set(service, target)
    return target
  }

  const unsubscribe = control?.subscribe(() => {
    for (const target of targets.values()) target.configure(control.traffic(target.service))
  })

  function targetOf(service: string): Target {
    const target = targets.get(service) ?? outsideRequests(makeRoomFor, service)
    target.usedAtMs = now()
    return target
  }

  /**
   * Where as many services are known as may be, an idle one gives way: first those that no instance answers for, since names
   * that are mistyped must not keep others out, then the one that was asked longest ago.
   */
  function makeRoomFor(service: string): Target {
    if (targets.size >= settings.maxTargets) {
      const known = ({ watch }: Target) => Math.min(watch.instances().length, 1)
      const idle = [...targets.values()].filter((target) => isIdle(target, 0))
      const [first] = idle.sort((a, b) => known(a) - known(b) || a.usedAtMs - b.usedAtMs)
      if (first !== undefined) drop(first)
    }
    return addTarget(service)
  }

  function isIdle(target: Target, forMs: number): boolean {
    return target.limit.pending() === 0 && !pinned.has(target.service) && now() - target.usedAtMs >= forMs
  }

  function drop(target: Target): void {
    targets.delete(target.service)
    Promise.all([target.close(), discovery.release(target.service)]).catch((error: unknown) =>
      log.warn({ err: error, target: target.service }, 'cannot let go of a service that was idle'),
    )
  }

  function tooMany(service: string, which: string): Unavailable {
    const cause = new Error(`${settings.maxPending} requests may be in flight: ${which}`)
    return new Unavailable(service, { fault: service, cause })
  }

  async function send(
    {
      service,
      operation: name,
      method,
      path,
      headers = {},
      body,
      deadlineMs,
      key,
      signal,
      idempotent,
    }: MeshRequest,
    streamUntil?: AbortSignal,
  ): Promise<MeshAnswer> {
    if (isClosed)
      throw new Unavailable(service, { fault: service, cause: new Error('the mesh client is closed') })
    const target = targetOf(service)
    const configuredMs = deadlineMs ?? target.deadlineMs() ?? settings.deadlineMs
    const budgetMs = hopBudgetMs(configuredMs, remainingMs())
    const endsAtMs = now() + budgetMs
    if (!target.admits())
      throw refuse('overloaded', `${service} takes no more requests of this caller.`, { retryAfterS: 1 })
    const operation = target.operation(name)
    if (!operation.limit.enter()) throw tooMany(service, `${settings.maxOperationShare} of them of ${name}`)
    if (!target.limit.enter()) {
      operation.limit.leave()
      throw tooMany(service, 'of all operations')
    }
    try {
      const { watch } = target
      const isKnown = budgetMs > 0 && (watch.isReady() || (await isReadyWithin(watch.ready, budgetMs)))
      if (!isKnown) throw new DeadlineExceeded()
      return await operation.breaker.run(() =>
        callEndpoints(
          target,
          operation,
          {
            method,
            path,
            headers,
            body,
            streamUntil,
            signal,
            isRetryable: idempotent ?? isIdempotent(method, headers),
            key,
            inboundAttempt: inboundAttempt(),
            configuredMs,
            endsAtMs,
          },
          { settings, metrics, now, random },
        ),
      )
    } catch (error) {
      if (isLate(error)) metrics.deadlineExceeded.inc({ server_address: service })
      throw asUnavailable(error, {
        service,
        retryAfterMs: operation.breaker.retryAfterMs(),
        isShort: budgetMs < configuredMs * FAIR_SHARE,
      })
    } finally {
      target.limit.leave()
      operation.limit.leave()
    }
  }

  return {
    watch: (service) => {
      pinned.add(service)
      targetOf(service)
    },
    isInformed: () => [...pinned].every((service) => targetOf(service).watch.isInformed()),
    instances: (service) => targetOf(service).watch.instances(),
    look: () => [...targets.values()].map((target) => lookAt(target, now())),
    request: (request) => send(request),
    stream: (request, signal) => send(request, signal),

    async close() {
      isClosed = true
      clearInterval(ticker)
      unsubscribe?.()
      await Promise.all([...targets.values()].map((target) => target.close()))
      targets.clear()
      rotate.removeAllListeners()
    },
  }
}
