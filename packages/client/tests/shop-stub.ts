import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Received {
  /** Method and path. */
  what: string
  headers: IncomingHttpHeaders
  body: string
}

type Answerer = (res: ServerResponse, received: Received, count: number) => void

/** An HTTP server that answers as the test says, for what a real shop does not do on demand: refuse, hang up, break a stream. */
export async function startStub(answers: Record<string, Answerer>) {
  const received: Received[] = []
  const server = createServer(async (req, res) => {
    const what = `${req.method} ${req.url?.replace('/api/v1', '')}`
    const one = { what, headers: req.headers, body: await text(req) }
    received.push(one)
    const count = received.filter((other) => other.what === what).length
    const answer = answers[what]
    if (answer === undefined) return problem('not-found', 404)(res)
    answer(res, one, count)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, close }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (res: ServerResponse) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function problem(slug: string, status: number, headers: Record<string, string> = {}) {
  return json(status, { type: `/problems/${slug}`, title: slug, status }, headers)
}
