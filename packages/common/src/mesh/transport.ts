import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export interface Exchange {
  method: Method
  path: string
  headers: Record<string, string>
  body?: Buffer | string | undefined
  timeoutMs: number
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface TransportSettings {
  connections: number
  connectTimeoutMs: number
  keepAliveTimeoutMs: number
  maxResponseBytes: number
}

export const transportDefaults: TransportSettings = {
  connections: 64,
  connectTimeoutMs: 1000,
  // Shorter than any server's: the side that closes an idle connection first cannot lose a request on it.
  keepAliveTimeoutMs: 4000,
  maxResponseBytes: 1024 * 1024,
}

export type TransportFault = 'connect' | 'reset' | 'timeout' | 'too-large'

/** No answer came. When nothing `wasSent`, any request may safely go to another endpoint. */
export class TransportError extends Error {
  readonly fault: TransportFault
  readonly wasSent: boolean

  constructor(fault: TransportFault, wasSent: boolean, cause?: unknown) {
    super(`no answer: ${fault}`, { cause })
    this.fault = fault
    this.wasSent = wasSent
  }
}

export interface Transport {
  /** The whole answer, or a TransportError; anything else thrown is a request that no server could take. */
  exchange(request: Exchange): Promise<Answer>
  /** Settles when requests under way are done; takes no new ones. */
  close(): Promise<void>
  destroy(): Promise<void>
}

/** Connections to one endpoint. */
export function createTransport(origin: string, settings: TransportSettings): Transport {
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: settings.connectTimeoutMs },
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    keepAliveMaxTimeout: settings.keepAliveTimeoutMs,
    maxResponseSize: settings.maxResponseBytes,
    // The deadline below is exact and covers connecting, headers and body together.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return {
    exchange: (request) => exchange(pool, request),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}

function exchange(pool: Pool, { method, path, headers, body, timeoutMs }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let expired: TransportError | undefined
    let status = 0
    let answerHeaders: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []

    const endsAtMs = performance.now() + timeoutMs
    let timer = setTimeout(checkTime, timeoutMs)
    let lastTurn: NodeJS.Immediate | undefined

    // Timers count from the start of the turn they are set in: after a long turn they are early.
    // And a process that was held up finds them due before it has read what arrived meanwhile.
    function checkTime(): void {
      const leftMs = endsAtMs - performance.now()
      if (leftMs >= 1) timer = setTimeout(checkTime, leftMs)
      else lastTurn = setImmediate(expire)
    }

    function expire(): void {
      expired = new TransportError('timeout', controller !== undefined)
      controller?.abort(expired)
      // A request still waiting for a connection has nothing to abort yet: it is, as soon as it starts.
      reject(expired)
    }

    function stopTimer(): void {
      clearTimeout(timer)
      clearImmediate(lastTurn)
    }

    pool.dispatch(
      { method, path, headers, body: body ?? null },
      {
        onRequestStart(started) {
          controller = started
          if (expired !== undefined) started.abort(expired)
        },
        onResponseStart(_controller, code, received) {
          status = code
          answerHeaders = received
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          stopTimer()
          resolve({
            status,
            headers: answerHeaders,
            body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
          })
        },
        onResponseError(_controller, error) {
          stopTimer()
          reject(asTransportError(error, controller !== undefined))
        },
      },
    )
  })
}

function asTransportError(error: Error, wasSent: boolean): Error {
  if (error instanceof TransportError) return error
  const { code } = error as { code?: string }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return error
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new TransportError('too-large', true, error)
  return new TransportError(wasSent ? 'reset' : 'connect', wasSent, error)
}
