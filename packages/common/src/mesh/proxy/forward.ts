import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Log } from '../../runtime/log.ts'
import { problemDocument, Refusal, refuse, Unavailable } from '../../runtime/problem.ts'
import { endToEndHeaders, goneSignal, wholeBody } from '../hop.ts'
import type { Answer, Exchange, Method } from '../transport.ts'

export interface ProxySettings {
  /** Requests in progress; more are refused at once. */
  maxInFlight: number
  maxConnections: number
  /** A longer body is refused: it is kept whole, since the request may be sent again. */
  maxBodyBytes: number
  /** By when a request must have arrived whole. The deadline of what follows counts from then. */
  requestTimeoutMs: number
}

export const proxyDefaults: ProxySettings = {
  maxInFlight: 256,
  maxConnections: 1_024,
  maxBodyBytes: 1024 * 1024,
  requestTimeoutMs: 15_000,
}

const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
] satisfies Method[]
/** A request that has come in whole, without what was said of its connection. */
interface Passed extends Pick<Exchange, 'method' | 'headers' | 'body'> {
  /** Aborted when its client is gone. */
  signal: AbortSignal
}

/** Passes requests on as a whole, and the answers back; what cannot be passed on is answered with a problem. */
export function forwarder(
  send: (req: IncomingMessage, passed: Passed) => Promise<Omit<Answer, 'stream'>>,
  { log, settings }: { log: Log; settings: ProxySettings },
): RequestListener {
  let inFlight = 0

  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method = '' } = req
    if (!METHODS.includes(method)) throw refuse('method-not-allowed', `${method} is not passed on.`)
    if (inFlight >= settings.maxInFlight)
      throw refuse('overloaded', `${inFlight} requests are in progress.`, { retryAfterS: 1 })
    inFlight += 1
    try {
      const body = await bodyOf(req, settings.maxBodyBytes)
      const headers = endToEndHeaders(Object.entries(req.headers))
      const passed = { method: method as Method, headers, body, signal: goneSignal(res) }
      pass(res, method, await send(req, passed))
    } finally {
      inFlight -= 1
    }
  }

  return (req, res) => {
    forward(req, res).catch((error: unknown) => {
      if (res.destroyed) return
      const refusal = refusalOf(error)
      if (refusal.status === 500) log.error({ err: error }, 'a request could not be passed on')
      refuseWith(req, res, refusal)
    })
  }
}

async function bodyOf(req: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  try {
    // A request that is destroyed takes its connection with it, and could not be answered.
    const body = await wholeBody(req.iterator({ destroyOnReturn: false }), maxBytes)
    return body.length === 0 ? undefined : body
  } catch (error) {
    if (error instanceof RangeError) throw refuse('body-too-large', `${error.message}.`)
    throw error
  }
}

function pass(res: ServerResponse, method: string, { status, headers, body }: Omit<Answer, 'stream'>): void {
  const { 'set-cookie': cookies, 'content-length': length, ...others } = headers
  const hasLength = method !== 'HEAD' && status !== 204 && status !== 304
  res.writeHead(status, {
    ...endToEndHeaders(Object.entries(others)),
    ...(cookies && { 'set-cookie': cookies }),
    ...(hasLength ? { 'content-length': body.length } : length !== undefined && { 'content-length': length }),
  })
  res.end(body)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Unavailable)
    return refuse('unavailable', `${error.message}.`, { retryAfterS: error.retryAfterS })
  return refuse('internal-error', 'The request could not be passed on.')
}

function refuseWith(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const { status, retryAfterS } = refusal
  res.setHeader('content-type', 'application/problem+json')
  if (retryAfterS !== undefined) res.setHeader('retry-after', retryAfterS)
  // What is left of a body that is not wanted would be read as the next request.
  if (!req.complete) res.setHeader('connection', 'close')
  res.writeHead(status).end(JSON.stringify(problemDocument(refusal)))
  req.resume()
}
