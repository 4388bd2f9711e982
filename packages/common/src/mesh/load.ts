/**
 * What an endpoint costs: the peak EWMA of its round trips (a spike counts at once, and is forgotten with time), and
 * the share of its calls that succeed, over the last `window` of them.
 *
 * Source: peak EWMA of Finagle and Linkerd; the division by a power of the success rate is Linkerd's load biaser. An
 * absolute penalty for each failure, which this replaces, exiles an endpoint with calls of 5 ms for a minute for one 500.
 */
export interface Load {
  meanMs: number
  stampMs: number
  hasHistory: boolean
  /** From 0 to 1, and how many calls it is over. */
  success: number
  calls: number
  /** What a round trip is taken for until there was one. */
  guessMs: number
}

export interface LoadSettings {
  decayMs: number
  /** What an endpoint that never answered is taken for while a request is in flight to it and no other is known. */
  defaultRttMs: number
  /** Calls that the success rate is over. */
  successWindow: number
  /** Below this rate an endpoint counts as one that never succeeds. */
  leastSuccess: number
}

export const loadDefaults: LoadSettings = {
  decayMs: 10_000,
  defaultRttMs: 30,
  successWindow: 50,
  leastSuccess: 0.05,
}

const BIAS = 4

export function createLoad(nowMs: number, guessMs: number): Load {
  return { meanMs: 0, stampMs: nowMs, hasHistory: false, success: 1, calls: 0, guessMs }
}

/** A failure that comes fast must not look like a fast endpoint: it counts as its usual round trip. */
export function observe(
  load: Load,
  { rttMs, isSuccess }: { rttMs: number; isSuccess: boolean },
  nowMs: number,
  { decayMs, successWindow }: LoadSettings,
): void {
  const weight = weightOf(load, nowMs, decayMs)
  const seenMs = isSuccess ? rttMs : Math.max(rttMs, load.hasHistory ? load.meanMs : load.guessMs)
  const isPeak = !load.hasHistory || seenMs > load.meanMs * weight
  load.success = successOf(load, weight)
  load.calls = Math.min(successWindow, load.calls + 1)
  load.success += ((isSuccess ? 1 : 0) - load.success) / Math.max(load.calls, LEAST_CALLS)
  load.meanMs = isPeak ? seenMs : load.meanMs * weight + seenMs * (1 - weight)
  load.stampMs = nowMs
  load.hasHistory = true
}

/** The first failures of a newcomer are a few among many that it will have had. */
const LEAST_CALLS = 20

/**
 * What one more request would meet: the smaller, the better.
 *
 * Unknown and idle is free, so that a new endpoint is tried soon; unknown and busy costs what the others do, so that
 * it gets no more than its share before its first answer.
 */
export function readLoad(load: Load, pending: number, nowMs: number, settings: LoadSettings): number {
  if (!load.hasHistory) return pending === 0 ? 0 : load.guessMs * (pending + 1)
  const weight = weightOf(load, nowMs, settings.decayMs)
  const success = Math.max(settings.leastSuccess, successOf(load, weight))
  return (load.meanMs * weight * (pending + 1)) / success ** BIAS
}

/** The peak EWMA of the round trips alone (ms). */
export function readLatency(load: Load, nowMs: number, { decayMs }: LoadSettings): number {
  return load.hasHistory ? load.meanMs * weightOf(load, nowMs, decayMs) : load.guessMs
}

/** The share of recent calls that succeeded, from 0 to 1. */
export function readSuccess(load: Load, nowMs: number, { decayMs }: LoadSettings): number {
  return successOf(load, weightOf(load, nowMs, decayMs))
}

function weightOf({ stampMs }: Load, nowMs: number, decayMs: number): number {
  return Math.exp(-Math.max(0, nowMs - stampMs) / decayMs)
}

/** A bad time is forgotten as a slow one is. */
function successOf({ success }: Load, weight: number): number {
  return 1 - (1 - success) * weight
}
