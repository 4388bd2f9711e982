import { DeadlineExceeded } from '../runtime/deadline.ts'
import { refuse, Unavailable } from '../runtime/problem.ts'
import { BreakerOpen } from './breaker.ts'
import { CallFailed } from './call.ts'

/** Whether a call ended because its time was over. */
export function isLate(error: unknown): boolean {
  return error instanceof DeadlineExceeded || (error instanceof CallFailed && error.isTimeout)
}

/**
 * What a caller gets for a call that no instance answered; an error that is none of these is a bug, and stays.
 *
 * @param isShort the caller had left less time than an answer may be expected in
 */
export function asUnavailable(
  error: unknown,
  { service, retryAfterMs, isShort }: { service: string; retryAfterMs: number; isShort: boolean },
): unknown {
  if (error instanceof BreakerOpen) {
    const retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1000))
    return new Unavailable(service, { fault: service, cause: error, retryAfterS })
  }
  if (isLate(error) && isShort)
    return refuse('deadline-exceeded', `There was too little time left to ask ${service}.`)
  if (isLate(error) || error instanceof CallFailed)
    return new Unavailable(service, { fault: service, cause: error })
  return error
}
