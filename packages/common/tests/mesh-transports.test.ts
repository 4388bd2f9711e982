import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { connect } from 'node:net'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import express from 'express'
import { createFramesServer } from '../src/mesh/frames/server.ts'
import { createGrpcServer } from '../src/mesh/grpc/server.ts'
import { createHttp2Server } from '../src/mesh/http2/server.ts'
import type { KnownInstance } from '../src/mesh/membership.ts'
import { overHttp } from '../src/mesh/over-http.ts'
import { type Exchange, type Transport, transportDefaults } from '../src/mesh/transport.ts'
import { openTransport, spokenBy, TRANSPORT_NAMES, type TransportName } from '../src/mesh/transports.ts'

jest.setTimeout(20_000)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** One app behind every transport, as a service has it. */
async function serve(listener: RequestListener) {
  const http1 = createHttpServer(listener)
  const [http2, grpc] = [createHttp2Server(overHttp(listener)), createGrpcServer(overHttp(listener))]
  const frames = createFramesServer(overHttp(listener))
  const port = await listening(http1)
  const ports = {
    http2_port: await listening(http2.server),
    grpc_port: await listening(grpc.server),
    frames_port: await listening(frames.server),
  }
  const sockets = new Map<TransportName, Set<unknown>>(TRANSPORT_NAMES.map((name) => [name, new Set()]))
  for (const [name, server] of [
    ['http1', http1],
    ['http2', http2.server],
    ['grpc', grpc.server],
    ['frames', frames.server],
  ] as const)
    server.on('connection', (socket: unknown) => sockets.get(name)!.add(socket))
  const stop = {
    http1: async () => {
      const closed = once(http1, 'close')
      http1.close()
      http1.closeIdleConnections()
      await closed
    },
    http2: () => http2.close(),
    grpc: () => grpc.close(),
    frames: () => frames.close(),
  }
  closing.push(() => Promise.all(Object.values(stop).map((close) => close())))
  const instance: KnownInstance = {
    id: 'order-1',
    name: 'order-1',
    address: '127.0.0.1',
    port,
    tags: [],
    meta: Object.fromEntries(Object.entries(ports).map(([key, value]) => [key, String(value)])),
    isWarning: false,
    weight: 1,
    tier: 'verified',
  }
  return { instance, sockets, stop, ports }
}

function open(instance: KnownInstance, name: TransportName, settings = transportDefaults): Transport {
  const transport = openTransport(instance, name, settings)
  closing.push(() => transport.destroy())
  return transport
}

const ask = (transport: Transport, request: Partial<Exchange> = {}) =>
  transport.exchange({ method: 'GET', path: '/', headers: {}, timeoutMs: 5_000, ...request })
const faultOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 'none',
    (error: unknown) => {
      const { fault, wasSent } = error as { fault?: string; wasSent?: boolean }
      return [fault, wasSent]
    },
  )

describe.each(TRANSPORT_NAMES)('%s', (name) => {
  it('brings a request and its answer across, headers and body, whatever they hold', async () => {
    const app = express()
    app.use(express.json())
    app.post('/orders', (req, res) => {
      res
        .status(201)
        .set('x-seen', String(req.get('traceparent')))
        .json({ url: req.url, body: req.body as unknown })
    })
    const { instance } = await serve(app)
    const transport = open(instance, name)
    const body =
      JSON.stringify({ text: 'Lepton 轻子 \u{1F6D2}\n', many: 'x'.repeat(200_000) }).slice(0, 60_000) + '"}'

    for (let count = 0; count < 3; count++) {
      const answer = await ask(transport, {
        method: 'POST',
        path: '/orders?limit=3',
        headers: { 'content-type': 'application/json', traceparent: `00-${count}` },
        body,
      })
      expect([answer.status, answer.headers['x-seen']]).toEqual([201, `00-${count}`])
      expect(JSON.parse(answer.body.toString())).toEqual({
        url: '/orders?limit=3',
        body: JSON.parse(body) as unknown,
      })
    }
  })

  it('answers many at once, each its own', async () => {
    const { instance } = await serve((req, res) => void setTimeout(() => res.end(req.url), Math.random() * 5))
    const transport = open(instance, name)

    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => ask(transport, { path: `/${index}` })),
    )
    expect(answers.map(({ body }) => body.toString())).toEqual(answers.map((_, index) => `/${index}`))
  })

  it('has answers without a body', async () => {
    const { instance } = await serve((_req, res) => void res.writeHead(204).end())
    expect(await ask(open(instance, name))).toMatchObject({ status: 204, body: Buffer.alloc(0) })
  })

  it.each(['timeout', 'cancelled'] as const)(
    'ends a request in time (%s), and the server hears of it',
    async (fault) => {
      let gone = 0
      const { instance } = await serve((req, res) => {
        res.once('close', () => void (gone += res.writableEnded ? 0 : 1))
        if (req.url === '/fast') res.end()
      })
      const transport = open(instance, name)
      await ask(transport, { path: '/fast' })
      const startedMs = performance.now()
      const controller = new AbortController()
      const slow = ask(transport, {
        timeoutMs: fault === 'timeout' ? 100 : 5_000,
        ...(fault === 'cancelled' && { signal: controller.signal }),
      })
      if (fault === 'cancelled') setTimeout(() => controller.abort(), 100)

      expect(await faultOf(slow)).toEqual([fault, true])
      expect(performance.now() - startedMs).toBeLessThan(1_000)
      await until('the server heard of it', () => gone === 1)
      expect((await ask(transport, { path: '/fast' })).status).toBe(200)
    },
  )

  it('refuses an answer that is too large, and goes on', async () => {
    const { instance } = await serve(
      (req, res) => void res.end(req.url === '/big' ? Buffer.alloc(5_000) : 'small'),
    )
    const transport = open(instance, name, { ...transportDefaults, maxResponseBytes: 4_000 })

    expect(await faultOf(ask(transport, { path: '/big' }))).toEqual(['too-large', true])
    expect((await ask(transport)).body.toString()).toBe('small')
  })

  it('says that nothing was sent where no server listens', async () => {
    const { instance, stop } = await serve((_req, res) => void res.end())
    await Promise.all(Object.values(stop).map((close) => close()))
    closing.pop()

    expect(await faultOf(ask(open(instance, name)))).toEqual(['connect', false])
  })

  it('says that a request may have been carried out when the server dies in the middle of it', async () => {
    let asked = 0
    const { instance, sockets } = await serve(() => void (asked += 1))
    const transport = open(instance, name)
    const lost = faultOf(ask(transport))
    await until('the server has the request', () => asked === 1)
    for (const socket of sockets.get(name)!) (socket as { destroy(): void }).destroy()

    expect(await lost).toEqual(['reset', true])
  })

  it('loses no request when the server stops: those in flight end, others find no server', async () => {
    let inFlight = 0
    const { instance, stop } = await serve((_req, res) => {
      inFlight += 1
      setTimeout(() => res.end('whole'), 100)
    })
    const transport = open(instance, name)
    const under = Array.from({ length: 20 }, () => ask(transport))
    await until('all are in flight', () => inFlight === 20)
    const stopped = stop[name]()

    expect((await Promise.all(under)).map(({ body }) => body.toString())).toEqual(under.map(() => 'whole'))
    await stopped
    expect(await faultOf(ask(transport))).toEqual(['connect', false])
    stop[name] = () => Promise.resolve()
  })

  it('throws a request that no server could take', async () => {
    const { instance } = await serve((_req, res) => void res.end())
    const broken = ask(open(instance, name), { headers: { 'x-own': 'one\r\nhost: evil' } })

    expect(await faultOf(broken)).toEqual([undefined, undefined])
  })
})

describe('frames', () => {
  it('costs no connection when requests are given up while they wait for credit', async () => {
    const answers: (() => void)[] = []
    const frames = createFramesServer(
      () => new Promise((resolve) => answers.push(() => resolve({ status: 200, headers: {}, body: '' }))),
      { credit: 2 },
    )
    const connections = new Set<unknown>()
    frames.server.on('connection', (socket) => connections.add(socket))
    const port = await listening(frames.server)
    closing.push(() => frames.close())
    const { instance } = await serve((_req, res) => void res.end())
    const transport = open({ ...instance, meta: { frames_port: String(port) } }, 'frames')
    const first = Array.from({ length: 4 }, () => ask(transport))
    await until('all places are taken', () => answers.length === 4)

    const late = await Promise.all(
      Array.from({ length: 40 }, () => faultOf(ask(transport, { timeoutMs: 30 }))),
    )
    expect(new Set(late.map(String))).toEqual(new Set(['timeout,false']))
    for (const answer of answers) answer()
    await Promise.all(first)
    expect(connections.size).toBe(2)
    expect(answers).toHaveLength(4)
  })

  it('closes the connection where an answer cannot be written, and lives on', async () => {
    const frames = createFramesServer(({ path }) =>
      Promise.resolve({
        status: 200,
        headers: { 'x-long': path === '/' ? 'x'.repeat(70_000) : 'x' },
        body: 'here',
      }),
    )
    const port = await listening(frames.server)
    closing.push(() => frames.close())
    const { instance } = await serve((_req, res) => void res.end())
    const transport = open({ ...instance, meta: { frames_port: String(port) } }, 'frames')

    expect(await faultOf(ask(transport))).toEqual(['reset', true])
    expect((await ask(transport, { path: '/short' })).body.toString()).toBe('here')
  })

  it.each([
    ['another protocol', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a frame without an end', 'lepton-frames/1\n\xff\xff\xff\xff'],
    ['a frame that is too short', 'lepton-frames/1\n\0\0\0\x01a'],
    ['a head that is longer than its frame', 'lepton-frames/1\n\0\0\0\x07\x01\0\0\0\x01\xff\xff'],
    ['a frame that only servers send', 'lepton-frames/1\n\0\0\0\x07\x02\0\0\0\x01\0\0'],
  ])('closes a connection that sends %s, and goes on', async (_what, bytes) => {
    const { instance, ports } = await serve((_req, res) => void res.end('here'))
    const socket = connect(ports.frames_port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(Buffer.from(bytes, 'latin1'))
    await once(socket, 'close')

    expect((await ask(open(instance, 'frames'))).body.toString()).toBe('here')
  })
})

it('is the transport that is wanted only where the instance speaks it', async () => {
  const { instance } = await serve((_req, res) => void res.end())
  expect(TRANSPORT_NAMES.map((name) => spokenBy(instance, name))).toEqual(TRANSPORT_NAMES)
  expect(TRANSPORT_NAMES.map((name) => spokenBy({ ...instance, meta: { frames_port: 'x' } }, name))).toEqual([
    'http1',
    'http1',
    'http1',
    'http1',
  ])
})
