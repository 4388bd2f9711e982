import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:tls'
import type { ServerTls } from '../tls/identity.ts'
import type { Inbound, InboundHandler, Outbound } from '../inbound.ts'
import { closeGently } from '../serving.ts'
import { createFrameReader, createFrameWriter, type Frame, KIND, PREFACE } from './codec.ts'
import { createHeadReader, headOf } from './head.ts'

export interface FramesServerSettings {
  /** Bytes of a request's body. */
  maxRequestBytes: number
  /** Requests of one connection that are worked on at once: its client is given as many, and keeps to them. */
  credit: number
  maxConnections: number
}

const framesServerDefaults: FramesServerSettings = {
  maxRequestBytes: 1024 * 1024,
  credit: 256,
  maxConnections: 1_000,
}

export interface FramesServer {
  server: Server
  /** Takes no new requests, lets those in flight end, and cuts what has not ended after 5 s. */
  close(): Promise<void>
}

/** Answers requests that come in frames. A request that its client gives up is aborted, and costs no connection. */
export function createFramesServer(
  handle: InboundHandler,
  { tls, ...given }: Partial<FramesServerSettings> & { tls?: ServerTls | undefined } = {},
): FramesServer {
  const settings = { ...framesServerDefaults, ...given }
  const connections = new Set<{ socket: Socket; goAway(): void }>()
  const onSocket = (socket: Socket) => {
    const connection = serve(socket, handle, { ...settings, caller: tls?.callerOn(socket) })
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  }
  const server =
    tls === undefined
      ? createServer({ noDelay: true }, onSocket)
      : tls.keep(createSecureServer({ ...tls.options(), noDelay: true }, onSocket))
  server.maxConnections = settings.maxConnections
  return {
    server,
    close: () =>
      closeGently(server, {
        leave: () => connections.forEach(({ goAway }) => goAway()),
        cut: () => connections.forEach(({ socket }) => socket.destroy()),
      }),
  }
}

function serve(
  socket: Socket,
  handle: InboundHandler,
  { caller, ...settings }: FramesServerSettings & { caller: string | undefined },
) {
  const writer = createFrameWriter(socket)
  const readHead = createHeadReader()
  const running = new Map<number, AbortController>()
  let preface: Buffer | undefined = Buffer.alloc(0)

  function onFrame({ kind, exchange, head, body }: Frame): void {
    if (kind === KIND.cancel) return running.get(exchange)?.abort()
    if (kind !== KIND.request || running.has(exchange)) return void socket.destroy()
    if (running.size >= settings.credit) return answer(exchange, 503, { 'lepton-fault': 'overload' }, '')
    const { first, headers } = readHead(head)
    const space = first.indexOf(' ')
    const controller = new AbortController()
    running.set(exchange, controller)
    const request = {
      method: first.slice(0, space),
      path: first.slice(space + 1),
      headers,
      body,
      signal: controller.signal,
      remoteAddress: socket.remoteAddress,
      caller,
    }
    void work(exchange, request)
  }

  async function work(exchange: number, request: Inbound): Promise<void> {
    let outbound: Outbound
    try {
      outbound = await handle(request)
    } catch {
      outbound = { status: 500, headers: {}, body: '' }
    }
    running.delete(exchange)
    if (request.signal.aborted) return
    try {
      answer(exchange, outbound.status, outbound.headers, outbound.body)
    } catch {
      // What cannot be written as a frame is no answer: the client must not wait for one.
      socket.destroy()
    }
  }

  function answer(
    exchange: number,
    status: number,
    headers: Outbound['headers'],
    body: Outbound['body'],
  ): void {
    writer.write(KIND.answer, exchange, headOf(String(status), headers), body)
  }

  const read = createFrameReader(settings.maxRequestBytes, onFrame)
  socket.on('data', (chunk) => {
    try {
      if (preface === undefined) return read(chunk)
      preface = Buffer.concat([preface, chunk])
      if (preface.length < PREFACE.length) return
      if (!preface.subarray(0, PREFACE.length).equals(PREFACE)) return void socket.destroy()
      const rest = preface.subarray(PREFACE.length)
      preface = undefined
      writer.write(KIND.credit, settings.credit, '', '')
      if (rest.length > 0) read(rest)
    } catch {
      // No frame of ours: there is nothing that could be answered.
      socket.destroy()
    }
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    for (const controller of running.values()) controller.abort()
  })

  return {
    socket,
    goAway() {
      // The client ends the connection: what it has just sent is still answered.
      writer.write(KIND.goAway, 0, '', '')
    },
  }
}
