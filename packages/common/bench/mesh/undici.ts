import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BalancedPool, type Dispatcher, Pool } from 'undici'
import { answerTo, type Peer, type Place } from './peer.ts'

/** A bare `node:http` server that answers JSON with JSON. */
export async function serveHttp(): Promise<Place> {
  const server = createServer(answerJson)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

export const answerJson: RequestListener = (req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => void chunks.push(chunk))
  req.on('end', () => {
    const question: unknown = JSON.parse(Buffer.concat(chunks).toString())
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(answerTo(question)))
  })
}

export async function post(dispatcher: Dispatcher, question: unknown, origin?: string): Promise<unknown> {
  const { body } = await dispatcher.request({
    ...(origin !== undefined && { origin }),
    path: '/ask',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  return body.json()
}

const over = (open: (url: string) => Pool | BalancedPool): Peer => ({
  serve: serveHttp,
  connect: (place) => {
    const url = String(place.url)
    const client = open(url)
    return Promise.resolve({ call: (question) => post(client, question, url), close: () => client.close() })
  },
})

export const pool = over((url) => new Pool(url, { connections: 64, pipelining: 1 }))
export const balancedPool = over((url) => new BalancedPool([url], { connections: 64, pipelining: 1 }))
