import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import type { SecureWay } from './tls/identity.ts'

export interface SocketPlace {
  host: string
  port: number
  /** Where the endpoint proves who it is. */
  tls?: SecureWay | undefined
}

export interface SocketLimits {
  /**
   * For TCP to an address: its machine answers by itself, however busy its programs are, so an address that is gone
   * delays no caller.
   */
  tcpTimeoutMs: number
  /** For a connection in all, with TLS and the look-up of a name. */
  connectTimeoutMs: number
}

/** Nothing was sent yet. */
export const CONNECT_TIMEOUT = 'ERR_CONNECT_TIMEOUT'

/**
 * A socket to one endpoint, destroyed with an error of the code `CONNECT_TIMEOUT` where it is not open in time.
 *
 * @param protocols what is offered by ALPN
 * @param onread takes what comes where the socket is read by no stream
 */
export function openSocket(
  { host, port, tls }: SocketPlace,
  limits: SocketLimits,
  { protocols, onread }: { protocols?: string[]; onread?: OnReadOpts } = {},
): Socket {
  const to = { host, port, ...(onread && { onread }) }
  const socket =
    tls === undefined
      ? connect(to)
      : connectSecurely({ ...to, ...(protocols && { ALPNProtocols: protocols }), ...tls() })
  socket.setNoDelay()
  limitTcp(socket, host, limits)
  let isOpen = false
  socket.once(openedBy(tls), () => void (isOpen = true))
  limit(socket, () => isOpen, limits.connectTimeoutMs)
  return socket
}

/** The event with which a socket is open. */
export const openedBy = (tls: SecureWay | undefined) => (tls === undefined ? 'connect' : 'secureConnect')

/** Gives up an address that does not answer; the look-up of a name may take longer. */
export function limitTcp(socket: Socket, host: string, { tcpTimeoutMs }: SocketLimits): void {
  if (isIP(host) !== 0) limit(socket, () => !socket.connecting, tcpTimeoutMs)
}

function limit(socket: Socket, isDone: () => boolean, withinMs: number): void {
  const check = () => {
    const message = `no connection within ${withinMs} ms`
    if (!isDone()) socket.destroy(Object.assign(new Error(message), { code: CONNECT_TIMEOUT }))
  }
  // A process that was held up finds its timers due before it has read what has arrived.
  const timer = setTimeout(() => setImmediate(check), withinMs)
  socket.once('close', () => clearTimeout(timer))
}
