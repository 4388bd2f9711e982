import { createDeadlines, type Deadlines } from '../deadlines.ts'
import { openedBy, openSocket, type SocketPlace } from '../open-socket.ts'
import {
  type Answer,
  type Exchange,
  type Transport,
  isRefusedCertificate,
  TransportError,
  type TransportSettings,
} from '../transport.ts'
import { createTurns, type Turns } from './turns.ts'
import { createFrameReader, createFrameWriter, type Frame, type FrameWriter, KIND, PREFACE } from './codec.ts'
import { createHeadReader, headOf } from './head.ts'

/** Sockets to one endpoint: a large answer on one does not hold up all others. */
const CONNECTIONS = 2
const READ_BYTES = 64 * 1024
const MAX_EXCHANGE = 0xffff_ffff
/** Until the server says how many it takes. */
const FIRST_CREDIT = 32

interface Waiting {
  settle(result: Answer | TransportError): void
  /** The connection is gone: nothing was sent where it never opened. */
  lose(wasOpen: boolean, cause: Error | undefined): void
}

interface Connection {
  /** Taken while it opens, too: what is written waits for the socket. */
  isUsable(): boolean
  pending(): number
  send(exchange: Exchange): Promise<Answer>
  /** Settles when requests in flight are done. */
  close(): Promise<void>
  destroy(): void
}

/** Exchanges in frames with one endpoint, many at once over each of two sockets. Streams go over `streams`. */
export function createFramesTransport(
  place: SocketPlace,
  settings: TransportSettings,
  streams: Transport,
): Transport {
  let connections: Connection[] = []
  const deadlines = createDeadlines()
  let isClosed = false

  function connection(): Connection {
    connections = connections.filter((one) => one.isUsable())
    let best: Connection | undefined
    for (const one of connections) if (best === undefined || one.pending() < best.pending()) best = one
    if (best !== undefined && (best.pending() === 0 || connections.length >= CONNECTIONS)) return best
    const opened = openConnection(place, settings, deadlines)
    connections.push(opened)
    return opened
  }

  return {
    exchange: (request) =>
      isClosed
        ? Promise.reject(new TransportError('connect', false, new Error('the transport is closed')))
        : connection().send(request),
    open: (request, signal) => streams.open(request, signal),
    async close() {
      isClosed = true
      await Promise.all([...connections.map((one) => one.close()), streams.close()])
    },
    async destroy() {
      isClosed = true
      for (const one of connections) one.destroy()
      await streams.destroy()
    },
  }
}

function openConnection(place: SocketPlace, settings: TransportSettings, deadlines: Deadlines): Connection {
  // Into one buffer, past the stream: a buffer for each read, and the stream's turns, cost more than to take the frames apart.
  const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: onBytes }
  const socket = openSocket(place, settings, { onread })
  const writer = createFrameWriter(socket)
  const waiting = new Map<number, Waiting>()
  const turns = createTurns(FIRST_CREDIT)
  const readHead = createHeadReader()
  let lastExchange = 0
  let isConnected = false
  let isLeaving = false
  let heardAtMs = 0
  let onIdle: (() => void) | undefined

  /** @returns that more may come */
  function onBytes(count: number, buffer: Uint8Array): boolean {
    heardAtMs = performance.now()
    try {
      read((buffer as Buffer).subarray(0, count))
    } catch (error) {
      socket.destroy(error as Error)
    }
    return true
  }

  function onFrame({ kind, exchange, head, body }: Frame): void {
    if (kind === KIND.credit) return turns.resize(exchange)
    if (kind === KIND.goAway) return leave()
    const waits = waiting.get(exchange)
    // A request that was given up is answered all the same when both crossed.
    if (kind !== KIND.answer || waits === undefined) return
    const { first, headers } = readHead(head)
    if (body.length > settings.maxResponseBytes) waits.settle(new TransportError('too-large', true))
    // What was read is one piece of memory: a view would keep all of it for one answer.
    else waits.settle({ status: Number(first), headers, body: Buffer.from(body) })
  }

  /** Takes no new requests, and ends the connection when those in flight are done: the server waits for that. */
  function leave(): void {
    isLeaving = true
    if (waiting.size === 0) socket.end()
  }

  function ended(): void {
    if (waiting.size > 0) return
    onIdle?.()
    if (isLeaving) socket.end()
  }

  /** Nothing came since a request that is over was sent: the host may be gone without a word, so others go elsewhere. */
  function onSilence(sinceMs: number): void {
    if (heardAtMs < sinceMs) leave()
  }

  const nextExchange = () => (lastExchange = (lastExchange % MAX_EXCHANGE) + 1)

  const read = createFrameReader(settings.maxResponseBytes * 2, onFrame)
  socket.write(PREFACE)
  socket.once(openedBy(place.tls), () => void (isConnected = true))
  let failure: Error | undefined
  socket.on('error', (error: Error) => {
    failure = error
  })
  socket.once('close', () => {
    isLeaving = true
    for (const waits of [...waiting.values()])
      waits.lose(isConnected && !isRefusedCertificate(failure), failure)
  })

  return {
    isUsable: () => !isLeaving && !socket.destroyed,
    pending: () => waiting.size,
    send: (exchange) => send(exchange, { writer, waiting, turns, deadlines, nextExchange, ended, onSilence }),
    async close() {
      const idle = waiting.size === 0 ? undefined : new Promise<void>((resolve) => (onIdle = resolve))
      leave()
      await idle
    },
    destroy: () => void socket.destroy(),
  }
}

function send(
  { method, path, headers, body = '', timeoutMs, signal }: Exchange,
  {
    writer,
    waiting,
    turns,
    deadlines,
    nextExchange,
    ended,
    onSilence,
  }: {
    writer: FrameWriter
    waiting: Map<number, Waiting>
    turns: Turns
    deadlines: Deadlines
    nextExchange: () => number
    ended: () => void
    onSilence: (sinceMs: number) => void
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new TransportError('cancelled', false, signal.reason))
    const exchange = nextExchange()
    let isSent = false
    let sentAtMs = 0
    let isOver = false

    const giveUp = (fault: 'timeout' | 'cancelled') => {
      if (isOver) return
      giveUpTurn()
      if (isSent) writer.write(KIND.cancel, exchange, '', '')
      if (isSent && fault === 'timeout') onSilence(sentAtMs)
      settle(new TransportError(fault, isSent, signal?.reason))
    }
    const cancel = () => giveUp('cancelled')
    const callOff = deadlines.add(timeoutMs, () => giveUp('timeout'))

    function settle(result: Answer | Error): void {
      if (isOver) return
      isOver = true
      callOff()
      signal?.removeEventListener('abort', cancel)
      waiting.delete(exchange)
      if (isSent) turns.end()
      ended()
      if (result instanceof Error) reject(result)
      else resolve(result)
    }

    signal?.addEventListener('abort', cancel)
    waiting.set(exchange, {
      settle,
      lose: (wasOpen, cause) => {
        const wasSent = wasOpen && isSent
        settle(new TransportError(wasSent ? 'reset' : 'connect', wasSent, cause))
      },
    })
    const giveUpTurn = turns.next(() => {
      try {
        writer.write(KIND.request, exchange, headOf(`${method} ${path}`, headers), body)
        isSent = true
        sentAtMs = performance.now()
      } catch (error) {
        // No server could take it: the endpoint is not to blame.
        turns.end()
        settle(error as Error)
      }
    })
  })
}
