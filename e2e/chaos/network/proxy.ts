import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What happens to the bytes of an edge between two processes. */
export type Weather =
  | { kind: 'clear' }
  /** Everything arrives, later. */
  | { kind: 'delay'; delayMs: number }
  /** Everything arrives, so many bytes a second in each direction of each connection. */
  | { kind: 'throttle'; bytesPerS: number }
  /** Nothing arrives, as if the packets were lost; afterwards they come after all, as TCP sends them again. */
  | { kind: 'hold'; direction: 'both' | 'there' | 'back' }
  /** Nothing arrives, and afterwards the connections are gone. */
  | { kind: 'blackhole' }
  /** Connections are cut, and new ones too. */
  | { kind: 'reset' }
  /** The near side is no longer heard, but the far side is. */
  | { kind: 'half_close' }

export interface Proxy {
  /** host:port that is given to the near side. */
  readonly address: string
  setWeather(weather: Weather): void
  close(): Promise<void>
}

interface Pipe {
  from: Socket
  setBlocked(isBlocked: boolean): void
}

interface Pace {
  delayMs: number
  bytesPerS: number
}

/** What is throttled goes in pieces, as a slow line would deliver it. */
const PIECE_MS = 20

interface Connection {
  near: Socket
  far: Socket
  there: Pipe
  back: Pipe
}

/** Stands between two processes and forwards bytes as the weather is. */
export async function startProxy(target: { host: string; port: number }): Promise<Proxy> {
  let weather: Weather = { kind: 'clear' }
  const connections = new Set<Connection>()
  const pace = (): Pace => ({
    delayMs: weather.kind === 'delay' ? weather.delayMs : 0,
    bytesPerS: weather.kind === 'throttle' ? weather.bytesPerS : Infinity,
  })

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (weather.kind === 'reset') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ ...target, allowHalfOpen: true })
    const connection = { near, far, there: pipe(near, far, pace), back: pipe(far, near, pace) }
    connections.add(connection)
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.setNoDelay(true)
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => {
        if (one.destroyed && other.writable && !one.writableFinished) other.destroySoon()
        if (near.destroyed && far.destroyed) connections.delete(connection)
      })
    }
    apply(connection)
  })

  function apply({ near, far, there, back }: Connection): void {
    const { kind } = weather
    const direction = weather.kind === 'hold' ? weather.direction : undefined
    there.setBlocked(kind === 'blackhole' || direction === 'both' || direction === 'there')
    back.setBlocked(kind === 'blackhole' || direction === 'both' || direction === 'back')
    if (kind === 'reset') for (const socket of [near, far]) socket.resetAndDestroy()
    if (kind === 'half_close') far.end()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    setWeather: (next) => {
      const isLost = weather.kind === 'blackhole' && next.kind !== 'blackhole'
      weather = next
      for (const connection of connections) {
        if (isLost) for (const socket of [connection.near, connection.far]) socket.resetAndDestroy()
        else apply(connection)
      }
    },
    close: async () => {
      for (const { near, far } of connections) for (const socket of [near, far]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One direction of a connection: chunks in order, each as late as the weather was when it came, and as slow as it is. */
function pipe(from: Socket, to: Socket, pace: () => Pace): Pipe {
  let isBlocked = false
  let isFull = false
  let waiting = 0
  // A slow line fills the sender's buffers, not ours.
  const isSlow = () => waiting > 0 && pace().bytesPerS < Infinity
  const flow = () => (isBlocked || isFull || isSlow() ? from.pause() : from.resume())

  function write(chunk: Buffer | undefined): void {
    if (to.destroyed || to.writableEnded) return
    if (chunk === undefined) to.end()
    else if (!to.write(chunk)) {
      isFull = true
      flow()
    }
  }

  async function trickle(chunk: Buffer | undefined): Promise<void> {
    let rest = chunk
    for (let { bytesPerS } = pace(); rest !== undefined && bytesPerS < Infinity; { bytesPerS } = pace()) {
      const piece = rest.subarray(0, Math.ceil((bytesPerS * PIECE_MS) / 1_000))
      await elapsed((piece.length * 1_000) / bytesPerS)
      write(piece)
      rest = rest.subarray(piece.length)
      if (rest.length === 0) return
    }
    write(rest)
  }

  let last: Promise<void> = Promise.resolve()
  function send(chunk: Buffer | undefined): void {
    const { delayMs, bytesPerS } = pace()
    if (delayMs === 0 && bytesPerS === Infinity && waiting === 0) return write(chunk)
    waiting++
    flow()
    const due = performance.now() + delayMs
    last = last.then(async () => {
      await elapsed(due - performance.now())
      await trickle(chunk)
      waiting--
      flow()
    })
  }

  from.on('data', send)
  from.on('end', () => send(undefined))
  to.on('drain', () => {
    isFull = false
    flow()
  })
  return {
    from,
    setBlocked: (next) => {
      isBlocked = next
      flow()
    },
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
