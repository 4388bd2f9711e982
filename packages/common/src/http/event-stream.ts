import type { Response } from 'express'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { refuse, Unavailable } from '../runtime/problem.ts'
import type { RouteDefinition } from './route.ts'

/** Emitted by a response that has become a stream: it is counted as a stream from now on, not as a request. */
export const STREAMING = 'lepton.streaming'
/** What a browser waits before it comes back, and how often a silent stream says that it is alive (ms). */
const RETRY_MS = 1_000
const COMMENT_MS = 15_000
/** A client that is further behind than this does not read. */
const MAX_QUEUED_BYTES = 1024 * 1024

export const streamDefaults = { max: 1_000 }

/** Server-sent events to one client. */
export interface EventStream {
  /** Sends an event of the route; `id` is what the client names as `Last-Event-ID` when it comes back. */
  send(event: string, data: unknown, id?: string): void
  /** Bytes that the client has not taken yet. */
  queuedBytes(): number
  /** Aborted when the client has left, or the instance stops. */
  signal: AbortSignal
}

export type Streaming = (out: EventStream) => Promise<void>

export interface Streams {
  /**
   * Takes a place for a response that becomes a stream, until it is closed. The signal is aborted when the instance
   * stops.
   *
   * @throws Refusal `overloaded` where as many are open as may be
   * @throws Unavailable when the instance stops: another one takes the client
   */
  enter(res: Response): AbortSignal
  /** Ends every stream with a `bye`, so that its client goes elsewhere at once. */
  stop(): void
}

/** Bounds the streams of an instance. They outlast requests, and so have no part in what those may be. */
export function createStreams({
  max,
  metrics,
  name,
}: {
  max: number
  metrics: Metrics
  name: string
}): Streams {
  const stopping = new AbortController()
  let open = 0
  metrics.gauge({
    name: 'http_server_streams',
    help: 'Event streams that are open',
    collect: (gauge) => gauge.set(open),
  })
  return {
    enter(res) {
      if (stopping.signal.aborted) throw new Unavailable(name)
      if (open >= max) throw refuse('overloaded', `There are ${max} streams open.`, { retryAfterS: 5 })
      open += 1
      res.once('close', () => {
        open -= 1
      })
      res.emit(STREAMING)
      return stopping.signal
    },
    stop: () => stopping.abort(),
  }
}

export function startStream(res: Response): void {
  res.status(200).set({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // A proxy in front must not collect events until it has many.
    'x-accel-buffering': 'no',
  })
  res.flushHeaders()
}

/** Ends a stream, and its connection: the client could keep it open while the instance waits for it to stop. */
export function leaveStream(res: Response): void {
  const { socket } = res
  res.end(() => socket?.destroySoon())
}

/** What a stream ends with: `ended`, there is nothing more to come, or `stopping`, come back. */
export function bye(because: 'ended' | 'stopping'): string {
  return `event: bye\ndata: ${JSON.stringify({ because })}\n\n`
}

/** Sends the events of `work` through the schemas of the route, until it ends, the client leaves or the instance stops. */
export async function sendEvents(
  res: Response,
  { route, streams, log }: { route: RouteDefinition; streams: Streams; log: Log },
  work: Streaming,
): Promise<void> {
  const stopping = streams.enter(res)
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  startStream(res)
  if (res.req.method === 'HEAD') return void res.end()
  const signal = AbortSignal.any([gone.signal, stopping])
  const write = (text: string) => {
    if (gone.signal.aborted || res.writableEnded) return
    res.write(text)
    if (res.writableLength > MAX_QUEUED_BYTES) res.destroy()
  }
  const leave = () => {
    write(bye('stopping'))
    leaveStream(res)
  }
  stopping.addEventListener('abort', leave)
  const comments = setInterval(() => write(':\n\n'), COMMENT_MS).unref()
  write(`retry: ${RETRY_MS}\n\n`)
  try {
    await work({
      send: (event, data, id) => {
        const schema = route.events?.[event]
        if (schema === undefined) throw new Error(`${route.operation} has no event ${event}`)
        const named = id === undefined ? '' : `id: ${id}\n`
        write(`${named}event: ${event}\ndata: ${JSON.stringify(schema.parse(data))}\n\n`)
      },
      queuedBytes: () => res.writableLength,
      signal,
    })
    write(bye('ended'))
  } catch (error) {
    if (!signal.aborted) log.error({ err: error, operation: route.operation }, 'a stream failed')
  } finally {
    clearInterval(comments)
    stopping.removeEventListener('abort', leave)
    res.end()
  }
}
