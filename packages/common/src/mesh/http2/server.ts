import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { InboundHandler } from '../inbound.ts'
import { endToEndHeaders, wholeBody } from '../hop.ts'
import { trackSessions } from './sessions.ts'
import type { ServerTls } from '../tls/identity.ts'

const MAX_REQUEST_BYTES = 1024 * 1024
/** Answers requests that come over HTTP/2; without TLS, with prior knowledge. */
export function createHttp2Server(
  handle: InboundHandler,
  { tls }: { tls?: ServerTls | undefined } = {},
): { server: Http2Server | Http2SecureServer; close(): Promise<void> } {
  const server = tls === undefined ? createServer() : tls.keep(createSecureServer(tls.options()))
  const close = trackSessions(server)
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const caller = stream.session === undefined ? undefined : tls?.callerOn(stream.session.socket)
    void serve(stream, headers, { handle, caller })
  })
  return { server, close }
}

async function serve(
  stream: ServerHttp2Stream,
  received: IncomingHttpHeaders,
  { handle, caller }: { handle: InboundHandler; caller: string | undefined },
): Promise<void> {
  const text = (name: string) => String(received[name])
  const controller = new AbortController()
  stream.on('error', () => undefined)
  stream.once('close', () => controller.abort())
  try {
    const body = await wholeBody(stream as AsyncIterable<Buffer>, MAX_REQUEST_BYTES)
    const headers = Object.fromEntries(Object.entries(received).filter(([name]) => !name.startsWith(':')))
    const answer = await handle({
      method: text(':method'),
      path: text(':path'),
      headers,
      body,
      signal: controller.signal,
      remoteAddress: stream.session?.socket.remoteAddress,
      caller,
    })
    if (stream.destroyed) return
    stream.respond({ ':status': answer.status, ...withoutHop(answer.headers) })
    stream.end(answer.body)
  } catch (error) {
    const { NGHTTP2_ENHANCE_YOUR_CALM: tooLarge, NGHTTP2_INTERNAL_ERROR: fault } = constants
    if (!stream.destroyed) stream.close(error instanceof RangeError ? tooLarge : fault)
  }
}

function withoutHop(headers: OutgoingHttpHeaders): Record<string, string> {
  return endToEndHeaders(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  )
}
