import { equalJitterMs } from '../runtime/backoff.ts'

/**
 * What a request says about its endpoint: `soft` is an answer that came too slowly or asked for
 * less traffic, `neutral` says nothing (the caller gave no time, or asked something impossible),
 * `refusing` is one 4xx more of an endpoint that answers little else.
 */
export type Outcome = 'success' | 'soft' | 'failure' | 'neutral' | 'refusing'

export type EjectionReason = 'consecutive-failures' | 'success-rate' | 'refusals' | 'failed-probe'

export interface EjectionSettings {
  consecutiveFailures: number
  windowMs: number
  minRequests: number
  minSuccessRate: number
  backoff: { baseMs: number; maxMs: number }
  /** At most this share of a service is out at once, but one of two may always be. */
  maxEjectedShare: number
  sweepMs: number
}

export const ejectionDefaults: EjectionSettings = {
  consecutiveFailures: 5,
  windowMs: 30_000,
  minRequests: 5,
  minSuccessRate: 0.8,
  backoff: { baseMs: 5000, maxMs: 300_000 },
  maxEjectedShare: 0.5,
  sweepMs: 10_000,
}

export interface Health {
  state: 'alive' | 'ejected' | 'probing'
  consecutive: number
  /** Counts of the window, decaying with time. */
  requests: number
  successes: number
  stampMs: number
  ejectedAtMs: number
  probeAtMs: number
  /** Ejections that good behaviour has not paid off yet: each doubles the next one. */
  offences: number
  failedSinceSweep: boolean
}

export function createHealth(nowMs: number): Health {
  return {
    state: 'alive',
    consecutive: 0,
    requests: 0,
    successes: 0,
    stampMs: nowMs,
    ejectedAtMs: 0,
    probeAtMs: 0,
    offences: 0,
    failedSinceSweep: false,
  }
}

/**
 * Takes the outcome of a request that began at `startedMs` and says why the endpoint should go, if it should.
 *
 * While an endpoint is out only requests that began after its ejection count, so a straggler neither
 * revives nor condemns it: one that succeeds brings it back, the probe that fails sends it away for longer.
 */
export function recordOutcome(
  health: Health,
  outcome: Outcome,
  { startedMs, nowMs, settings }: { startedMs: number; nowMs: number; settings: EjectionSettings },
): EjectionReason | 'revive' | undefined {
  if (health.state !== 'alive') {
    if (startedMs < health.ejectedAtMs) return undefined
    if (outcome === 'success') return 'revive'
    if (health.state === 'ejected') return undefined
    if (outcome !== 'neutral') return 'failed-probe'
    health.state = 'ejected'
    return undefined
  }
  if (outcome === 'neutral') return undefined
  const weight = Math.exp(-Math.max(0, nowMs - health.stampMs) / settings.windowMs)
  health.requests = health.requests * weight + 1
  health.successes = health.successes * weight + (outcome === 'success' ? 1 : 0)
  health.stampMs = nowMs
  if (outcome === 'success') {
    health.consecutive = 0
    return undefined
  }
  health.failedSinceSweep = true
  if (outcome === 'refusing') return 'refusals'
  if (outcome === 'failure') health.consecutive += 1
  if (health.consecutive >= settings.consecutiveFailures) return 'consecutive-failures'
  const isJudgeable = health.requests >= settings.minRequests
  return isJudgeable && health.successes / health.requests < settings.minSuccessRate
    ? 'success-rate'
    : undefined
}

/**
 * Takes an endpoint out until its next probe.
 *
 * @param isAlone whether it fails while others do not. What all fail at is not its fault: it stays out no longer each time.
 */
export function eject(
  health: Health,
  {
    nowMs,
    isAlone,
    settings,
    random,
  }: { nowMs: number; isAlone: boolean; settings: EjectionSettings; random: () => number },
): void {
  health.state = 'ejected'
  health.ejectedAtMs = nowMs
  health.probeAtMs = nowMs + equalJitterMs(isAlone ? health.offences : 0, settings.backoff, random)
  if (isAlone) health.offences += 1
  health.consecutive = 0
}

export function revive(health: Health, nowMs: number): void {
  Object.assign(health, { ...createHealth(nowMs), offences: health.offences })
}

/** Whether the last thing that it did was to fail. */
export function isFailing(health: Health): boolean {
  return health.state !== 'alive' || health.consecutive > 0
}

export function isProbeDue(health: Health, nowMs: number): boolean {
  return health.state === 'ejected' && nowMs >= health.probeAtMs
}

/** Pays off one offence for each sweep without a failure. */
export function sweepHealth(health: Health): void {
  if (health.state === 'alive' && !health.failedSinceSweep) health.offences = Math.max(0, health.offences - 1)
  health.failedSinceSweep = false
}

/** How many of `count` endpoints may be out at once: half, but one of two, and never the only one. */
export function maxEjected(count: number, share: number): number {
  return count < 2 ? 0 : Math.max(1, Math.floor(count * share))
}
