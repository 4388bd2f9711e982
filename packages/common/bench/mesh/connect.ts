import { createServer } from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createClient } from '@connectrpc/connect'
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { Exchanges } from '../../src/mesh/grpc/exchange_pb.ts'
import { answerTo, type Peer } from './peer.ts'

const DEADLINE_MS = 2_000
const toBytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const fromBytes = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as unknown

/** Connect's own protocol over HTTP/2, with the JSON of all peers in a message. */
export const connect: Peer = {
  async serve() {
    const adapter = connectNodeAdapter({
      routes: (router) =>
        router.service(Exchanges, {
          exchange: ({ body }) => ({ status: 200, headers: [], body: toBytes(answerTo(fromBytes(body))) }),
        }),
    })
    const server = createServer(adapter).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port }
  },
  connect({ port }) {
    const baseUrl = `http://127.0.0.1:${port}`
    const sessionManager = new Http2SessionManager(baseUrl)
    const transport = createConnectTransport({ baseUrl, httpVersion: '2', sessionManager })
    const client = createClient(Exchanges, transport)
    return Promise.resolve({
      async call(question) {
        const request = { method: 'POST', path: '/ask', headers: [], body: toBytes(question) }
        return fromBytes((await client.exchange(request, { timeoutMs: DEADLINE_MS })).body)
      },
      close: () => Promise.resolve(sessionManager.abort()),
    })
  },
}
