// 53xxx is a server without disk, memory or connections. 0A000 is "cached plan must not change result type": a migration ran, and a new connection plans again.
const PASSING_CODES = /^(40001|40P01|55P03|57P0[123]|08\w{3}|53\w{3}|0A000)$/
export const STALE_PLAN = '0A000'
export const LOCK_TIMEOUT = '55P03'
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
