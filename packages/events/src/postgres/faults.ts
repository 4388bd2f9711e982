// 25006 is a primary that became a standby while the session was open: another connection may reach the new primary.
// 53xxx is a server without disk, memory or connections. 0A000 is "cached plan must not change result type": a migration ran, and a new connection plans again.
const PASSING_CODES = /^(25006|40001|40P01|55P03|57P0[123]|08\w{3}|53\w{3}|0A000)$/
export const LOCK_TIMEOUT = '55P03'
/** After these a new connection may succeed where the old one never will. */
export const STALE_SESSION = new Set(['0A000', '25006'])
// The password is refused (also where there is no such role), the role may not sign in, the database does not exist.
const NOT_SET_UP_CODES = new Set(['28P01', '28000', '3D000'])
// In a network of containers the server's name goes with the server and comes back with it.
const PASSING_NETWORK_CODES = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN)/
const PASSING_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|timeout exceeded when trying to connect|timeout expired|Client was closed/

/** Whether trying again later may succeed: the database is away or busy, the statement is not at fault. */
export function isPassingFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, severity } = error as { code?: string; severity?: string }
  // A session that the server cannot begin, as for want of disk: no statement was there yet to be at fault.
  if (code === 'XX000' && severity === 'FATAL') return true
  if (code === undefined) return PASSING_MESSAGES.test(error.message)
  return PASSING_CODES.test(code) || PASSING_NETWORK_CODES.test(code)
}

/** Whether the set-up may not have come to this service yet: after it, the same connection succeeds. */
export function isNotSetUp(error: unknown): boolean {
  return error instanceof Error && NOT_SET_UP_CODES.has((error as { code?: string }).code ?? '')
}
