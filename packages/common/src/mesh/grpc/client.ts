import { type IncomingHttpHeaders, validateHeaderValue } from 'node:http'
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport as createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { endToEndHeaders } from '../hop.ts'
import { openSocket, type SocketPlace } from '../open-socket.ts'
import type { ClientTls } from '../tls/identity.ts'
import {
  type Answer,
  type Exchange,
  isRefusedCertificate,
  type Transport,
  TransportError,
  type TransportSettings,
} from '../transport.ts'
import { Exchanges, type Header } from './exchange_pb.ts'

/** Besides the body of an answer: its status and headers. */
const MAX_HEAD_BYTES = 64 * 1024

/** One connection, made with the certificate that was in force then. */
interface Connection {
  tls: ClientTls | undefined
  manager: Http2SessionManager
  client: Client<typeof Exchanges>
  running: Set<Promise<unknown>>
}

/** Exchanges by gRPC over one HTTP/2 connection to an endpoint. Streams go over `streams`. */
export function createGrpcTransport(
  origin: string,
  place: SocketPlace,
  settings: TransportSettings,
  streams: Transport,
): Transport {
  const { tls } = place
  let connection: Connection | undefined
  let isClosed = false

  function current(): Connection {
    if (connection !== undefined && connection.tls === tls?.()) return connection
    if (connection !== undefined) void leave(connection)
    connection = connect(origin, place, settings)
    return connection
  }

  return {
    exchange(request) {
      if (isClosed)
        return Promise.reject(new TransportError('connect', false, new Error('the transport is closed')))
      const { running, ...over } = current()
      const answer = exchange(over, request, settings)
      running.add(answer)
      const forget = () => running.delete(answer)
      answer.then(forget, forget)
      return answer
    },
    open: (request, signal) => streams.open(request, signal),
    async close() {
      isClosed = true
      await Promise.all([connection && leave(connection), streams.close()])
    },
    async destroy() {
      isClosed = true
      connection?.manager.abort()
      await streams.destroy()
    },
  }
}

function connect(origin: string, place: SocketPlace, settings: TransportSettings): Connection {
  const tls = place.tls?.()
  const sameTls = tls && (() => tls)
  const manager = new Http2SessionManager(
    origin,
    {},
    { createConnection: () => openSocket({ ...place, tls: sameTls }, settings, { protocols: ['h2'] }) },
  )
  const transport = createConnectTransport({
    baseUrl: origin,
    sessionManager: manager,
    readMaxBytes: settings.maxResponseBytes + MAX_HEAD_BYTES,
  })
  return { tls, manager, client: createClient(Exchanges, transport), running: new Set() }
}

/** Ends a connection when what is in flight over it is done. */
async function leave({ manager, running }: Connection): Promise<void> {
  await Promise.allSettled(running)
  manager.abort()
}

async function exchange(
  { manager, client }: Pick<Connection, 'manager' | 'client'>,
  { method, path, headers, body = '', timeoutMs, signal }: Exchange,
  { connectTimeoutMs, maxResponseBytes }: TransportSettings,
): Promise<Answer> {
  if (signal?.aborted === true) throw new TransportError('cancelled', false, signal.reason)
  const sent = Object.entries(endToEndHeaders(Object.entries(headers)))
  for (const [name, value] of sent) validateHeaderValue(name, value)
  const endsAtMs = performance.now() + timeoutMs
  await connected(manager, { timeoutMs: Math.min(timeoutMs, connectTimeoutMs), signal })
  const request = {
    method,
    path,
    headers: sent.map(([name, value]) => ({ name, value })),
    body: Buffer.from(body),
  }
  const options = {
    timeoutMs: Math.max(1, Math.ceil(endsAtMs - performance.now())),
    ...(signal && { signal }),
  }
  try {
    const answer = await client.exchange(request, options)
    if (answer.body.length > maxResponseBytes) throw new TransportError('too-large', true)
    const { buffer, byteOffset, length } = answer.body
    return {
      status: answer.status,
      headers: headersIn(answer.headers),
      body: Buffer.from(buffer, byteOffset, length),
    }
  } catch (error) {
    throw error instanceof TransportError ? error : faultOf(ConnectError.from(error), signal)
  }
}

/** Nothing is sent before a connection is open: what fails until then may go elsewhere. */
async function connected(
  manager: Http2SessionManager,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<void> {
  const state = manager.state()
  if (state === 'open' || state === 'idle') return
  let giveUp: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<'timeout' | 'cancelled'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timeout')
    giveUp = () => resolve('cancelled')
    signal?.addEventListener('abort', giveUp)
  })
  const opened = await Promise.race([manager.connect(), over])
  clearTimeout(timer)
  signal?.removeEventListener('abort', giveUp)
  if (opened === 'timeout')
    throw new TransportError('connect', false, new Error('the connection was not open in time'))
  if (opened === 'cancelled') throw new TransportError('cancelled', false, signal?.reason)
  if (opened === 'error') throw new TransportError('connect', false, manager.error())
}

function faultOf(error: ConnectError, signal: AbortSignal | undefined): TransportError {
  if (signal?.aborted === true) return new TransportError('cancelled', true, signal.reason)
  if (error.code === Code.DeadlineExceeded) return new TransportError('timeout', true, error)
  if (error.code === Code.ResourceExhausted) return new TransportError('too-large', true, error)
  const isRefused = isRefusedCertificate(error.cause)
  return new TransportError(isRefused ? 'connect' : 'reset', !isRefused, error)
}

function headersIn(headers: readonly Header[]): IncomingHttpHeaders {
  const read: IncomingHttpHeaders = {}
  for (const { name, value } of headers) {
    if (name === 'set-cookie') (read['set-cookie'] ??= []).push(value)
    else read[name] = value
  }
  return read
}
