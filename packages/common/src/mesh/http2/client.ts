import { validateHeaderValue } from 'node:http'
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import {
  type Answer,
  type Exchange,
  type Transport,
  isRefusedCertificate,
  TransportError,
  type TransportSettings,
} from '../transport.ts'
import { createDeadlines, type Deadlines } from '../deadlines.ts'
import { endToEndHeaders } from '../hop.ts'
import { openSocket, type SocketPlace } from '../open-socket.ts'

/** Exchanges over one HTTP/2 connection to an endpoint; without TLS, with prior knowledge (`h2c`). Streams go over `streams`. */
export function createHttp2Transport(
  origin: string,
  place: SocketPlace,
  settings: TransportSettings,
  streams: Transport,
): Transport {
  let session: ClientHttp2Session | undefined
  const deadlines = createDeadlines()
  let isClosed = false

  function current(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session
    const opened = connect(origin, {
      settings: { enablePush: false },
      createConnection: () => openSocket(place, settings, { protocols: ['h2'] }),
    })
    opened.on('error', () => undefined)
    // What the server begins no more goes to another connection.
    opened.once('goaway', () => opened.close())
    opened.unref()
    session = opened
    return opened
  }

  return {
    exchange: (request) =>
      isClosed
        ? Promise.reject(new TransportError('connect', false, new Error('the transport is closed')))
        : exchange(current(), request, { deadlines, maxBytes: settings.maxResponseBytes }),
    open: (request, signal) => streams.open(request, signal),
    async close() {
      isClosed = true
      const open = session
      await Promise.all([
        open === undefined || open.destroyed
          ? undefined
          : new Promise<void>((resolve) => open.close(resolve)),
        streams.close(),
      ])
    },
    async destroy() {
      isClosed = true
      session?.destroy()
      await streams.destroy()
    },
  }
}

function exchange(
  session: ClientHttp2Session,
  { method, path, headers, body, timeoutMs, signal }: Exchange,
  { deadlines, maxBytes }: { deadlines: Deadlines; maxBytes: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new TransportError('cancelled', false, signal.reason))
    const sent = endToEndHeaders(Object.entries(headers))
    for (const [name, value] of Object.entries(sent)) validateHeaderValue(name, value)
    const stream = session.request(
      { ':method': method, ':path': path, ...sent },
      { endStream: body === undefined },
    )
    const chunks: Buffer[] = []
    let bytes = 0
    let received: IncomingHttpHeaders & { ':status'?: number | undefined } = {}
    let given: TransportError | undefined
    const wasSent = () => !session.connecting

    function end(fault: 'timeout' | 'cancelled' | 'too-large'): void {
      given ??= new TransportError(fault, wasSent(), signal?.reason)
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const cancel = () => end('cancelled')
    const callOff = deadlines.add(timeoutMs, () => end('timeout'))
    signal?.addEventListener('abort', cancel)

    stream.once('response', (answer) => void (received = answer))
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) end('too-large')
      else chunks.push(chunk)
    })
    let failure: Error | undefined
    stream.once('error', (error: Error) => void (failure = error))
    stream.once('close', () => {
      callOff()
      signal?.removeEventListener('abort', cancel)
      const { ':status': status, ...answerHeaders } = received
      if (given !== undefined) return reject(given)
      if (status === undefined || failure !== undefined) {
        const isOpen = wasSent() && !isRefusedCertificate(failure)
        return reject(new TransportError(isOpen ? 'reset' : 'connect', isOpen, failure))
      }
      resolve({
        status,
        headers: answerHeaders,
        body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
      })
    })
    if (body !== undefined) stream.end(body)
  })
}
