/** Peak EWMA of round trips: a spike counts at once, and is forgotten with time, asked or not. */
export interface Load {
  meanMs: number
  stampMs: number
  hasHistory: boolean
}

export interface LoadSettings {
  decayMs: number
  /** What an endpoint that never answered is taken for while a request is under way to it. */
  defaultRttMs: number
}

export const loadDefaults: LoadSettings = { decayMs: 10_000, defaultRttMs: 30 }

export function createLoad(nowMs: number): Load {
  return { meanMs: 0, stampMs: nowMs, hasHistory: false }
}

export function observeRtt(load: Load, rttMs: number, nowMs: number, { decayMs }: LoadSettings): void {
  const weight = Math.exp(-Math.max(0, nowMs - load.stampMs) / decayMs)
  const isPeak = !load.hasHistory || rttMs > load.meanMs * weight
  load.meanMs = isPeak ? rttMs : load.meanMs * weight + rttMs * (1 - weight)
  load.stampMs = nowMs
  load.hasHistory = true
}

/**
 * What one more request would meet: the smaller, the better.
 *
 * Unknown and idle is free, so that a new endpoint is tried soon; unknown and busy is dear, so that
 * it is tried with one request and not with all of them.
 */
export function readLoad(load: Load, pending: number, nowMs: number, settings: LoadSettings): number {
  if (!load.hasHistory) return pending === 0 ? 0 : settings.defaultRttMs * (pending + 1)
  const weight = Math.exp(-Math.max(0, nowMs - load.stampMs) / settings.decayMs)
  return load.meanMs * weight * (pending + 1)
}
