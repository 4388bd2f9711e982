import { type Backoff, fullJitterMs } from '../runtime/backoff.ts'
import type { RetryBudget } from './retry-budget.ts'

export interface RetrySettings {
  maxRetries: number
  /** Endpoints tried while nothing could be sent; each costs the servers nothing. */
  maxFailovers: number
  backoff: Backoff
}

export const retryDefaults: RetrySettings = {
  maxRetries: 1,
  maxFailovers: 3,
  backoff: { baseMs: 25, maxMs: 250 },
}

type RetryRefusal = 'not_idempotent' | 'exhausted' | 'no_endpoint' | 'outer_layer' | 'deadline' | 'budget'

export type RetryDecision = { again: true; delayMs: number } | { again: false; because: RetryRefusal }

export interface Failure {
  /** False when no byte of the request left this process. */
  wasSent: boolean
  isRetryable: boolean
  /** Failed tries so far, this one included: sent ones, and those where nothing could be sent. */
  sent: number
  unsent: number
  /** Attempt number of the inbound request. From 2 on the caller is retrying, so we do not: retries must not multiply per hop. */
  inboundAttempt: number
  /** An endpoint is left that this call did not try. */
  hasOther: boolean
  remainingMs: number
  medianMs: number
}

/** Decides whether a failed try is made again elsewhere, and takes it from the budget if so. */
export function decideRetry(
  failure: Failure,
  { settings, budget, random }: { settings: RetrySettings; budget: RetryBudget; random: () => number },
): RetryDecision {
  if (!failure.wasSent) {
    if (failure.unsent > settings.maxFailovers) return { again: false, because: 'exhausted' }
    if (!failure.hasOther) return { again: false, because: 'no_endpoint' }
    if (failure.remainingMs <= 0) return { again: false, because: 'deadline' }
    return { again: true, delayMs: 0 }
  }
  if (!failure.isRetryable) return { again: false, because: 'not_idempotent' }
  if (failure.sent > settings.maxRetries) return { again: false, because: 'exhausted' }
  if (failure.inboundAttempt > 1) return { again: false, because: 'outer_layer' }
  if (!failure.hasOther) return { again: false, because: 'no_endpoint' }
  const delayMs = fullJitterMs(failure.sent - 1, settings.backoff, random)
  if (failure.remainingMs - delayMs <= failure.medianMs) return { again: false, because: 'deadline' }
  if (!budget.withdraw()) return { again: false, because: 'budget' }
  return { again: true, delayMs }
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** By its method, or because the server recognises the key when it sees it again. */
export function isIdempotent(method: string, headers: Record<string, string>): boolean {
  return (
    IDEMPOTENT.has(method) || Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')
  )
}
