import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Socket } from 'node:net'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import { createDeadlines, type Deadlines } from './deadlines.ts'
import { CONNECT_TIMEOUT, limitTcp, type SocketLimits } from './open-socket.ts'
import type { SecureWay } from './tls/identity.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export interface Exchange {
  method: Method
  path: string
  headers: Record<string, string>
  body?: Buffer | string | undefined
  timeoutMs: number
  /** Ends the exchange, with a `TransportError` of the fault `cancelled`. */
  signal?: AbortSignal | undefined
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** Empty where the answer is a stream. */
  body: Buffer
  stream?: Readable
}

export interface TransportSettings extends SocketLimits {
  connections: number
  keepAliveTimeoutMs: number
  maxResponseBytes: number
  /** Streams that one endpoint may have open, and how long one may be silent: every one says now and then that it lives. */
  streams: number
  streamSilenceMs: number
}

export const transportDefaults: TransportSettings = {
  connections: 64,
  tcpTimeoutMs: 300,
  connectTimeoutMs: 1000,
  // Shorter than any server's: the side that closes an idle connection first cannot lose a request on it.
  keepAliveTimeoutMs: 4000,
  maxResponseBytes: 1024 * 1024,
  streams: 1_000,
  streamSilenceMs: 45_000,
}

export type TransportFault = 'connect' | 'reset' | 'timeout' | 'too-large' | 'cancelled'

/** No answer came. When nothing `wasSent`, any request may safely go to another endpoint. */
export class TransportError extends Error {
  readonly fault: TransportFault
  readonly wasSent: boolean

  constructor(fault: TransportFault, wasSent: boolean, cause?: unknown) {
    super(`no answer: ${fault}`, { cause })
    this.fault = fault
    this.wasSent = wasSent
  }
}

export interface Transport {
  /** The whole answer, or a TransportError; anything else thrown is a request that no server could take. */
  exchange(request: Exchange): Promise<Answer>
  /** An answer whose 200 is read as it comes, until the signal is aborted; the timeout is that of its headers. */
  open(request: Exchange, signal: AbortSignal): Promise<Answer>
  /** Settles when requests in flight are done; takes no new ones. */
  close(): Promise<void>
  destroy(): Promise<void>
}

/**
 * Connections to one endpoint.
 *
 * @param tls where the endpoint proves who it is
 */
export function createTransport(origin: string, settings: TransportSettings, tls?: SecureWay): Transport {
  const shared = {
    pipelining: 1,
    allowH2: false,
    connect: connectorOf(settings, tls),
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    keepAliveMaxTimeout: settings.keepAliveTimeoutMs,
    // The deadlines below are exact and cover connecting, headers and, but for streams, the body together.
    headersTimeout: 0,
  }
  const { connections, maxResponseBytes: maxResponseSize, streams, streamSilenceMs } = settings
  const pool = new Pool(origin, { ...shared, connections, maxResponseSize, bodyTimeout: 0 })
  const deadlines = createDeadlines()
  // A stream holds its connection: it must not take one that requests need.
  let streamPool: Pool | undefined
  const forStreams = () =>
    (streamPool ??= new Pool(origin, { ...shared, connections: streams, bodyTimeout: streamSilenceMs }))
  return {
    exchange: (request) => exchange(pool, deadlines, request),
    open: (request, signal) => open(forStreams(), request, signal),
    close: async () => {
      await Promise.all([pool.close(), streamPool?.close()])
    },
    destroy: async () => {
      await Promise.all([pool.destroy(), streamPool?.destroy()])
    },
  }
}

/** Each connection is made with what is in force then: a certificate that was renewed, for one. */
function connectorOf(settings: TransportSettings, tls: SecureWay | undefined): buildConnector.connector {
  const build = (options: ReturnType<SecureWay> | undefined) => {
    const common = { timeout: settings.connectTimeoutMs, allowH2: false, maxCachedSessions: 0 }
    return buildConnector({ ...common, ...options })
  }
  let options = tls?.()
  let connector = build(options)
  return (target, done) => {
    if (tls !== undefined && tls() !== options) {
      options = tls()
      connector = build(options)
    }
    // undici's types do not say that it gives the socket.
    const socket = connector(target, done) as unknown as Socket
    limitTcp(socket, target.hostname, settings)
  }
}

async function open(
  pool: Pool,
  { method, path, headers, body, timeoutMs }: Exchange,
  signal: AbortSignal,
): Promise<Answer> {
  const expiry = new AbortController()
  const expired = new TransportError('timeout', true)
  const timer = setTimeout(() => expiry.abort(expired), timeoutMs)
  try {
    const answer = await pool.request({
      method,
      path,
      headers,
      body: body ?? null,
      signal: AbortSignal.any([expiry.signal, signal]),
    })
    const { statusCode: status, headers: received, body: stream } = answer
    if (status === 200) return { status, headers: received, body: Buffer.alloc(0), stream }
    return { status, headers: received, body: Buffer.from(await stream.arrayBuffer()) }
  } catch (error) {
    const isSent = !NOT_SENT.has((error as { code?: string }).code ?? '') && !isRefusedCertificate(error)
    throw asTransportError(error as Error, isSent)
  } finally {
    clearTimeout(timer)
  }
}

const NOT_SENT = new Set([
  CONNECT_TIMEOUT,
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
])

function exchange(
  pool: Pool,
  deadlines: Deadlines,
  { method, path, headers, body, timeoutMs, signal }: Exchange,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new TransportError('cancelled', false, signal.reason))
    let controller: Dispatcher.DispatchController | undefined
    let expired: TransportError | undefined
    let status = 0
    let answerHeaders: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []

    function end(fault: 'timeout' | 'cancelled'): void {
      expired = new TransportError(fault, controller !== undefined, signal?.reason)
      controller?.abort(expired)
      // A request that waits for a connection has nothing to abort yet: it is refused when its turn comes.
      reject(expired)
      stop()
    }
    const cancel = () => end('cancelled')
    const callOff = deadlines.add(timeoutMs, () => end('timeout'))

    function stop(): void {
      callOff()
      signal?.removeEventListener('abort', cancel)
    }

    signal?.addEventListener('abort', cancel)

    const options = { method, path, headers, body: body ?? null }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // To abort here would close the connection, of which nothing was used: under overload, one for each that is late.
        if (expired !== undefined) throw expired
        controller = started
      },
      onResponseStart(_controller, code, received) {
        status = code
        answerHeaders = received
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk)
      },
      onResponseEnd() {
        stop()
        resolve({
          status,
          headers: answerHeaders,
          body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
        })
      },
      onResponseError(_controller, error) {
        stop()
        reject(asTransportError(error, controller !== undefined && !isRefusedCertificate(error)))
      },
    }
    pool.dispatch(options, handler)
  })
}

/** The server refuses who we are, which it says after the handshake is over for us: it has read no request. */
export function isRefusedCertificate(error: unknown): boolean {
  return /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(
    (error as { code?: string } | undefined)?.code ?? '',
  )
}

function asTransportError(error: Error, wasSent: boolean): Error {
  if (error instanceof TransportError) return error
  const { code } = error as { code?: string }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return error
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new TransportError('too-large', true, error)
  return new TransportError(wasSent ? 'reset' : 'connect', wasSent, error)
}
