import type { Metrics } from '../runtime/metrics.ts'
import type { Priority } from './route.ts'

export interface InboundLimitSettings {
  /** Requests that an instance works on at once: at the start, and the bounds of what it learns. */
  initial: number
  min: number
  max: number
  /** A queue longer than this (ms) is one that does not drain by itself. */
  targetMs: number
  /** How often the limit is judged (ms). */
  windowMs: number
}

export const inboundDefaults: InboundLimitSettings = {
  initial: 256,
  min: 32,
  max: 1_024,
  targetMs: 40,
  windowMs: 200,
}

export interface InboundLimit {
  /** Takes a place, or refuses at once. A caller that got one must `leave`. */
  enter(priority: Priority): boolean
  /** Whether `enter` would give a place now. */
  hasRoom(priority: Priority): boolean
  leave(): void
  /** Reports how long (ms) a request waited for something of ours that was busy, such as a database connection. */
  waited(ms: number): void
  limit(): number
  /** Changes the bounds while it works; what is not given is as at the start. */
  configure(changed: { max?: number | undefined; targetMs?: number | undefined }): void
  /** How much of the limit is taken, from 0 to 1. */
  utilisation(): number
  stop(): void
}

/** The share of the limit up to which each priority is let in: what is worth least is refused first. */
const SHARE: Record<Priority, number> = {
  settle: Number.POSITIVE_INFINITY,
  read: 1,
  change: 0.9,
  intake: 0.25,
}
const SHRINK = 0.8
/** Waits of one window that are looked at. */
const MAX_WAITS = 1_000
/** How often the event loop is asked how late it is, while there is work (ms). */
const LOOK_MS = 20

/**
 * Bounds what an instance takes in by how long its own queues are: the event loop's delay and the waits reported
 * by `waited`. While they are short it grows by its root, beyond where it began only when it is used; while they are long it shrinks by a fifth.
 *
 * The signal is the standing queue, the least delay of a window, and not the latency of requests, after CoDel (Nichols
 * and Jacobson, 2012): how long a request takes is also up to its client and to the card processor, and neither may
 * shrink what others get.
 * Additive increase and multiplicative decrease as in TCP (Jacobson, 1988).
 */
export function createInboundLimit({
  metrics,
  settings: given = {},
  now = () => performance.now(),
}: {
  metrics: Metrics
  settings?: Partial<InboundLimitSettings>
  now?: () => number
}): InboundLimit {
  const initial = { ...inboundDefaults, ...given }
  let settings = initial
  const shed = metrics.counter({
    name: 'http_server_shed_total',
    help: 'Requests refused because the instance was overloaded',
    labelNames: ['priority'],
  })
  metrics.gauge({
    name: 'http_server_inbound_limit',
    help: 'Limit of requests in progress',
    collect: (gauge) => gauge.set(limit),
  })
  metrics.gauge({
    name: 'http_server_in_flight',
    help: 'Requests in progress',
    collect: (gauge) => gauge.set(inFlight),
  })
  let limit = settings.initial
  let inFlight = 0
  let most = 0
  let delays: number[] = []
  let waits: number[] = []
  let judgedAtMs = now()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    const dueAtMs = now() + LOOK_MS
    timer = setTimeout(() => {
      delays.push(Math.max(0, now() - dueAtMs))
      judge()
      if (inFlight > 0) look()
      else timer = undefined
    }, LOOK_MS).unref()
  }

  function judge(): void {
    const nowMs = now()
    if (nowMs - judgedAtMs < settings.windowMs) return
    const delayMs = Math.max(standing(delays), median(waits))
    const grown = limit + Math.ceil(Math.sqrt(limit))
    if (delayMs > settings.targetMs) limit = Math.max(settings.min, Math.floor(limit * SHRINK))
    else if (limit < settings.initial) limit = Math.min(settings.initial, grown)
    else if (most >= limit * SHARE.intake) limit = Math.min(settings.max, grown)
    delays = []
    waits = []
    most = inFlight
    judgedAtMs = nowMs
  }

  const hasRoom = (priority: Priority) => inFlight < limit * SHARE[priority]

  return {
    hasRoom,
    enter(priority) {
      if (!hasRoom(priority)) {
        shed.inc({ priority })
        return false
      }
      inFlight += 1
      most = Math.max(most, inFlight)
      if (timer === undefined) look()
      return true
    },
    leave: () => void (inFlight -= 1),
    waited: (ms) => {
      if (inFlight > 0 && waits.length < MAX_WAITS) waits.push(ms)
    },
    limit: () => limit,
    configure({ max = initial.max, targetMs = initial.targetMs }) {
      settings = {
        ...initial,
        max,
        targetMs,
        min: Math.min(initial.min, max),
        initial: Math.min(initial.initial, max),
      }
      limit = Math.min(limit, max)
    },
    utilisation: () => Math.min(1, inFlight / limit),
    stop: () => clearTimeout(timer),
  }
}

/** Of connections that all requests and consumers share, some are always free for a moment: the median wait is the signal. */
function median(waits: readonly number[]): number {
  return waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)] ?? 0
}

/** What stood in the queue all the time: a burst, which drains, has moments without a wait. */
function standing(delays: readonly number[]): number {
  return delays.length === 0 ? 0 : Math.min(...delays)
}

/** For an app whose instance is never overloaded, such as a test's. */
export const unlimited: InboundLimit = {
  enter: () => true,
  hasRoom: () => true,
  leave: () => undefined,
  waited: () => undefined,
  limit: () => Number.POSITIVE_INFINITY,
  configure: () => undefined,
  utilisation: () => 0,
  stop: () => undefined,
}
