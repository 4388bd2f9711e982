import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Log } from '../../runtime/log.ts'
import { problemDocument, Refusal, refuse, Unavailable } from '../../runtime/problem.ts'
import type { MeshAnswer } from '../call.ts'
import type { MeshClient } from '../client.ts'
import { endToEndHeaders, goneSignal, wholeBody } from '../hop.ts'
import type { Method } from '../transport.ts'

export interface ProxySettings {
  /** Requests in progress; more are refused at once. */
  maxInFlight: number
  maxConnections: number
  /** A longer body is refused: it is kept whole, since the request may be sent again. */
  maxBodyBytes: number
  /** By when a request must have arrived whole. The mesh's own deadline counts from then. */
  requestTimeoutMs: number
}

const proxyDefaults: ProxySettings = {
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
const MESH_HOST = /^([a-z0-9][a-z0-9_-]{0,62})\.mesh(:\d+)?$/i

/**
 * The mesh for a program that does not know it: a request for the host `order.mesh` goes to an instance of `order`,
 * found, balanced and tried again as in any other client. What reaches the listener calls in the proxy's name.
 */
export function createProxy(
  { mesh, log }: { mesh: Pick<MeshClient, 'request'>; log: Log },
  given: Partial<ProxySettings> = {},
): Server {
  const settings = { ...proxyDefaults, ...given }
  let inFlight = 0

  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { service, path } = targetOf(req)
    const { method = '' } = req
    if (!METHODS.includes(method)) throw refuse('method-not-allowed', `${method} is not passed on.`)
    if (inFlight >= settings.maxInFlight)
      throw refuse('overloaded', `${inFlight} requests are in progress.`, { retryAfterS: 1 })
    inFlight += 1
    try {
      const body = await bodyOf(req, settings.maxBodyBytes)
      const headers = endToEndHeaders(Object.entries(req.headers))
      const call = { service, operation: method, method: method as Method, path, headers, body }
      pass(res, method, await mesh.request({ ...call, signal: goneSignal(res) }))
    } finally {
      inFlight -= 1
    }
  }

  const server = createServer({ requestTimeout: settings.requestTimeoutMs }, (req, res) => {
    forward(req, res).catch((error: unknown) => {
      if (res.destroyed) return
      const refusal = refusalOf(error)
      if (refusal.status === 500) log.error({ err: error }, 'a request could not be passed on')
      refuseWith(req, res, refusal)
    })
  })
  server.maxConnections = settings.maxConnections
  return server
}

/** By the Host header; or by the whole URL, which comes from a client that uses us as its `http_proxy`. */
function targetOf({ url = '/', headers }: IncomingMessage): { service: string; path: string } {
  const whole = url.startsWith('/') || !URL.canParse(url) ? undefined : new URL(url)
  const host = whole?.host ?? headers.host ?? ''
  const service = MESH_HOST.exec(host)?.[1]?.toLowerCase()
  if (service === undefined)
    throw refuse('not-found', `The host ${JSON.stringify(host)} is not <service>.mesh.`)
  return { service, path: whole === undefined ? url : whole.pathname + whole.search }
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

function pass(res: ServerResponse, method: string, { status, headers, body }: MeshAnswer): void {
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
