import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { trackSessions } from '../http2/sessions.ts'
import type { InboundHandler } from '../inbound.ts'
import type { ServerTls } from '../tls/identity.ts'

/**
 * Answers requests that come by gRPC; without TLS, with prior knowledge. Its contract is `exchange.proto`.
 *
 * The library is loaded with the first request: it is a quarter of what a process would load at its start.
 */
export function createGrpcServer(
  handle: InboundHandler,
  { tls }: { tls?: ServerTls | undefined } = {},
): { server: Http2Server | Http2SecureServer; close(): Promise<void> } {
  let loading: Promise<ReturnType<typeof import('./adapter.ts').createAdapter>> | undefined

  async function answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    loading ??= import('./adapter.ts').then(({ createAdapter }) => createAdapter(handle, tls))
    try {
      const adapter = await loading
      adapter(request, response)
    } catch {
      request.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    }
  }

  const listener = (request: Http2ServerRequest, response: Http2ServerResponse) =>
    void answer(request, response)
  const server =
    tls === undefined ? createServer(listener) : tls.keep(createSecureServer(tls.options(), listener))
  return { server, close: trackSessions(server) }
}
