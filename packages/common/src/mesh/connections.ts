import { isDeepStrictEqual } from 'node:util'
import type { Log } from '../runtime/log.ts'
import { within } from '../runtime/wait.ts'
import type { Endpoint } from './endpoint.ts'
import type { KnownInstance } from './membership.ts'
import type { Identity } from './tls/identity.ts'
import { type Transport, TransportError, type TransportSettings } from './transport.ts'
import { openTransport, portOf, speaksTls, spokenBy, type TransportName } from './transports.ts'

/** The transports to the endpoints of one service, opened when they are needed. */
export interface Connections {
  /**
   * @param hasToken whether what is sent is worth stealing: it goes only to who proves to be the service
   * @throws TransportError where none can be opened
   */
  to(endpoint: Endpoint, wanted: TransportName, hasToken: boolean): Transport
  /** How an endpoint is spoken to; undefined where it was not yet. */
  way(endpoint: Endpoint): Way | undefined
  /** Requests in flight over it may end. */
  leave(endpoint: Endpoint): void
  /** Requests in flight may end within the time. */
  close(timeoutMs: number): Promise<void>
}

export interface Way {
  transport: TransportName
  isEncrypted: boolean
}

interface Open {
  instance: KnownInstance
  wanted: TransportName
  way: Way & { port: number }
  transport: Transport
}

export function createConnections(
  service: string,
  {
    settings,
    identity,
    log,
    outsideRequests,
  }: {
    settings: TransportSettings
    identity: Identity | undefined
    log: Log
    /** Connections outlive the request that first needed them. */
    outsideRequests: <R, A extends unknown[]>(work: (...args: A) => R, ...args: A) => R
  },
): Connections {
  const transports = new Map<Endpoint, Open>()
  let isClosed = false

  function letGo(transport: Transport): void {
    transport
      .close()
      .catch((error: unknown) => log.warn({ err: error, target: service }, 'cannot close connections'))
  }

  function secureWay(instance: KnownInstance) {
    if (identity === undefined || !speaksTls(instance)) return undefined
    if (!identity.isReady())
      throw new TransportError('connect', false, new Error('this process has no certificate yet'))
    return () => identity.connectTo(service)
  }

  return {
    to(endpoint, wanted, hasToken) {
      const { instance } = endpoint
      if (hasToken && identity?.acceptsPlain === false && !speaksTls(instance))
        throw new TransportError('connect', false, new Error('a token is sent over TLS only'))
      const existing = transports.get(endpoint)
      if (existing?.instance === instance && existing.wanted === wanted) return existing.transport
      if (isClosed) throw new TransportError('connect', false, new Error('the mesh client is closed'))
      const name = spokenBy(instance, wanted)
      const tls = secureWay(instance)
      const way = { transport: name, port: portOf(instance, name), isEncrypted: tls !== undefined }
      const isSame = existing !== undefined && isDeepStrictEqual(existing.way, way)
      // An instance that was restarted at its place may speak in another way since.
      const transport = isSame
        ? existing.transport
        : outsideRequests(openTransport, instance, name, settings, tls)
      transports.set(endpoint, { instance, wanted, way, transport })
      if (existing !== undefined && !isSame) letGo(existing.transport)
      return transport
    },

    way: (endpoint) => transports.get(endpoint)?.way,

    leave(endpoint) {
      const known = transports.get(endpoint)
      transports.delete(endpoint)
      if (known !== undefined) letGo(known.transport)
    },

    async close(timeoutMs) {
      isClosed = true
      const open = [...transports.values()].map(({ transport }) => transport)
      transports.clear()
      const closed = Promise.allSettled(open.map((transport) => transport.close()))
      await within(timeoutMs, closed, undefined)
      await Promise.allSettled(open.map((transport) => transport.destroy()))
    },
  }
}
