import type { OutgoingHttpHeaders } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { type ConnectRouter, createContextKey, createContextValues } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { endToEndHeaders } from '../hop.ts'
import type { Inbound, InboundHandler } from '../inbound.ts'
import type { ServerTls } from '../tls/identity.ts'
import { Exchanges } from './exchange_pb.ts'

const MAX_REQUEST_BYTES = 1024 * 1024
/** Besides the body: method, path and headers. */
const MAX_HEAD_BYTES = 64 * 1024

const from = createContextKey<Pick<Inbound, 'remoteAddress' | 'caller'>>({
  remoteAddress: undefined,
  caller: undefined,
})

/** Answers requests of the contract `exchange.proto`. */
export function createAdapter(
  handle: InboundHandler,
  tls: ServerTls | undefined,
): (request: Http2ServerRequest, response: Http2ServerResponse) => void {
  const routes = (router: ConnectRouter) =>
    router.service(Exchanges, {
      async exchange({ method, path, headers, body }, { signal, values }) {
        const answer = await handle({
          method,
          path,
          headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
          body: Buffer.from(body.buffer, body.byteOffset, body.length),
          signal,
          ...values.get(from),
        })
        return { status: answer.status, headers: headersOf(answer.headers), body: Buffer.from(answer.body) }
      },
    })
  return connectNodeAdapter({
    routes,
    connect: false,
    grpcWeb: false,
    readMaxBytes: MAX_REQUEST_BYTES + MAX_HEAD_BYTES,
    contextValues: (req) => {
      const { session } = (req as Http2ServerRequest).stream
      const caller = session === undefined ? undefined : tls?.callerOn(session.socket)
      return createContextValues().set(from, { remoteAddress: req.socket.remoteAddress, caller })
    },
  })
}

/** Several values of one header stay several. */
function headersOf(headers: OutgoingHttpHeaders): { name: string; value: string }[] {
  const { 'set-cookie': cookies, ...others } = headers
  const single = endToEndHeaders(
    Object.entries(others).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  )
  return [
    ...Object.entries(single).map(([name, value]) => ({ name, value })),
    ...[cookies ?? []].flat().map((value) => ({ name: 'set-cookie', value })),
  ]
}
