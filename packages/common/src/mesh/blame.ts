import type { IncomingHttpHeaders } from 'node:http'

/**
 * Says whose fault a 5xx is, where it is not the answering instance's own: `overload` (it has too much to do),
 * `deadline` (its caller left it too little time), or the name of the service it needed and could not reach.
 */
export const FAULT_HEADER = 'lepton-fault'
export const OVERLOAD = 'overload'
export const DEADLINE = 'deadline'
/** Of a 403: an intention in Consul denies its calls to this caller. */
export const INTENTION = 'intention'

/**
 * Who pays for an answer. `instance` counts for ejection and breaker, `operation` for the breaker alone, `request`
 * for neither: what one client asked, or how long it waits, must not cost others the service.
 */
export type Blame = 'none' | 'request' | 'operation' | 'instance'

/** Statuses that mean "this server cannot now": a 500 is a bug that the next instance has too. */
const UNABLE = new Set([502, 503, 504])

/** @param isFair whether the try had its fair share of the configured time */
export function blameFor(
  { status, headers }: { status: number; headers: IncomingHttpHeaders },
  isFair: boolean,
): Blame {
  if (status < 500) return 'none'
  if (!UNABLE.has(status) || !isFair) return 'request'
  const fault = headers[FAULT_HEADER]
  if (fault === undefined) return 'instance'
  return fault === OVERLOAD || fault === DEADLINE ? 'request' : 'operation'
}

/**
 * Whether another try may be answered better. More load does not help an overload, and a deadline that was too short
 * is as short for the next instance.
 */
export function mayTryAnother({
  status,
  headers,
}: {
  status: number
  headers: IncomingHttpHeaders
}): boolean {
  const fault = headers[FAULT_HEADER]
  return (status === 500 || UNABLE.has(status)) && fault !== OVERLOAD && fault !== DEADLINE
}

/** Whether the answer is that its caller left too little time. */
export function isTooLate({ headers }: { headers: IncomingHttpHeaders }): boolean {
  return headers[FAULT_HEADER] === DEADLINE
}

/** Whether the answer is that this process may not call the service at all. */
export function isDenied({ status, headers }: { status: number; headers: IncomingHttpHeaders }): boolean {
  return status === 403 && headers[FAULT_HEADER] === INTENTION
}
