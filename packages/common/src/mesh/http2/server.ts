import {
  constants,
  createServer,
  type Http2Server,
  type Http2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'
import type { InboundHandler } from '../inbound.ts'
import { OF_CONNECTION } from './of-connection.ts'

const MAX_REQUEST_BYTES = 1024 * 1024
/** How long requests in flight may take to end when the server stops (ms). */
const STOP_MS = 5_000
/** Answers requests that come over HTTP/2 without TLS, with prior knowledge. */
export function createHttp2Server(handle: InboundHandler): { server: Http2Server; close(): Promise<void> } {
  const sessions = new Set<Http2Session>()
  const server = createServer()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => void serve(stream, headers, handle))
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy()
      }, STOP_MS)
      await closed
      clearTimeout(timer)
    },
  }
}

async function serve(
  stream: ServerHttp2Stream,
  received: IncomingHttpHeaders,
  handle: InboundHandler,
): Promise<void> {
  const text = (name: string) => String(received[name])
  const controller = new AbortController()
  stream.on('error', () => undefined)
  stream.once('close', () => controller.abort())
  try {
    const body = await bodyOf(stream)
    if (body === undefined) return stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    const headers = Object.fromEntries(Object.entries(received).filter(([name]) => !name.startsWith(':')))
    const answer = await handle({
      method: text(':method'),
      path: text(':path'),
      headers,
      body,
      signal: controller.signal,
      remoteAddress: stream.session?.socket.remoteAddress,
    })
    if (stream.destroyed) return
    const headersOut = Object.entries(answer.headers).filter(([name]) => !OF_CONNECTION.has(name))
    stream.respond({ ':status': answer.status, ...Object.fromEntries(headersOut) })
    stream.end(answer.body)
  } catch {
    if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

/** Undefined where it is larger than a request may be. */
async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_REQUEST_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
