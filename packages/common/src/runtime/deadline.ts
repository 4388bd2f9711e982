import { AsyncLocalStorage } from 'node:async_hooks'

/** Milliseconds the caller still waits, as it is sent to the next process. */
export const DEADLINE_HEADER = 'lepton-deadline-ms'
/** Which try of the caller this is. From the second on, no process further down retries. */
export const ATTEMPT_HEADER = 'lepton-attempt'
/** In an answer: how much of what it can take an instance has in progress, from 0 to 1. */
export const UTILISATION_HEADER = 'lepton-utilisation'

interface Allowance {
  expiresAtMs: number
  attempt: number
}

const storage = new AsyncLocalStorage<Allowance | undefined>()

/** More time passed than there was. */
export class DeadlineExceeded extends Error {}

/**
 * Runs `work` under a deadline that every call made in it respects.
 *
 * A deadline inside another can only be earlier. `attempt` is what the caller's header said.
 */
export function withDeadline<T>(remainingMs: number, work: () => T, attempt?: number): T {
  const outer = storage.getStore()
  const allowance = {
    expiresAtMs: Math.min(performance.now() + remainingMs, outer?.expiresAtMs ?? Infinity),
    attempt: attempt ?? outer?.attempt ?? 1,
  }
  return storage.run(allowance, work)
}

/** Runs work that several requests share, or that outlives the one it begins in, without that request's deadline. */
export function withoutDeadline<T>(work: () => T): T {
  return storage.run(undefined, work)
}

/** Undefined where no deadline is set. */
export function remainingMs(): number | undefined {
  const allowance = storage.getStore()
  return allowance === undefined ? undefined : allowance.expiresAtMs - performance.now()
}

export function inboundAttempt(): number {
  return storage.getStore()?.attempt ?? 1
}

/** What an attempt header says; anything unreadable is a first try. */
export function parseAttempt(header: string | string[] | undefined): number {
  const attempt = Number(header)
  return Number.isInteger(attempt) && attempt >= 1 ? attempt : 1
}

/** Work that has less time than this is not begun: its caller is gone before the answer. */
export const LEAST_MS = 5

/** Time for the way back and for us to answer while the caller still listens. */
const MARGIN_MS = 10

/** The time of one hop: what is configured, and less than what the caller leaves us. */
export function hopBudgetMs(configuredMs: number, remaining: number | undefined): number {
  return remaining === undefined ? configuredMs : Math.min(configuredMs, remaining - MARGIN_MS)
}
