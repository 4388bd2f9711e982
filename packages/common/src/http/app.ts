import { AsyncLocalStorage } from 'node:async_hooks'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { z } from 'zod'
import { admit, type Asker } from './admit.ts'
import type { Signer, Verify } from './auth.ts'
import { createStreams, sendEvents, STREAMING, streamDefaults, type Streams } from './event-stream.ts'
import { type InboundLimit, unlimited } from './inbound-limit.ts'
import { traceAndMeasure } from './measure.ts'
import { isMeant } from './meant.ts'
import { isJson, parseRequest } from './parse.ts'
import { addProblemHandlers, problemAnswerer } from './problems.ts'
import { type Reply, sendReply } from './reply.ts'
import { type Access, priorityOf, type RouteDefinition } from './route.ts'
import type { Log } from '../runtime/log.ts'
import {
  ATTEMPT_HEADER,
  DEADLINE_HEADER,
  LEAST_MS,
  parseAttempt,
  withDeadline,
  UTILISATION_HEADER,
} from '../runtime/deadline.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { refuse } from '../runtime/problem.ts'

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

export interface Call<R extends RouteDefinition = RouteDefinition> {
  params: Parsed<R['params']>
  query: Parsed<R['query']>
  body: Parsed<R['body']>
  /** Undefined only where the route is open to anyone and no token was sent. */
  caller: R['access'] extends readonly Exclude<Access, 'anyone'>[] ? Asker : Asker | undefined
  idempotencyKey: R['idempotency'] extends 'required' ? string : string | undefined
  /** The route's path with the parsed parameters in it: one spelling, however the request was written. */
  path: string
  req: Request
}

export interface Endpoint {
  route: RouteDefinition
  run: (call: Call) => Promise<Reply>
}

/** Binds a handler to its route; the handler gets what the route's schemas promise, already checked. */
export function answer<R extends RouteDefinition>(
  route: R,
  run: (call: Call<R>) => Promise<Reply>,
): Endpoint {
  return { route, run: run }
}

export interface HttpDeps {
  log: Log
  metrics: Metrics
  verify: Verify
  /** For those whose handlers ask other services for their callers. */
  signer?: Signer
  /** The instance's own, which a check of its health may name. */
  name?: string
  /** False while the instance starts and from the moment it stops. */
  isReady: () => boolean
  inbound?: InboundLimit
  streams?: Streams
  bodyLimit?: string
  requestTimeoutMs?: number
}

/**
 * An express app that answers the endpoints, `/livez` and `/readyz`. Every request is traced, measured and bounded
 * in size and time; what the instance has no room for is refused before its body is read; every fault leaves as a
 * problem document.
 */
export function createHttpApp(deps: HttpDeps, endpoints: readonly Endpoint[]): Express {
  const { inbound = unlimited, isReady, metrics, log } = deps
  const { streams = createStreams({ ...streamDefaults, metrics, name: 'this instance' }) } = deps
  const app = createBareApp(deps)
  app.get('/livez', (_req, res) => void res.json({ status: 'alive' }))
  app.get('/readyz', (req, res) => {
    const ready = isReady() && isMeant(req.url, deps.name)
    res.status(ready ? 200 : 503).json({ ready })
  })
  const readJson = express.json({
    limit: deps.bodyLimit ?? '64kb',
    strict: true,
    type: isJson,
    verify: keepRawBody,
  })
  const byPath = Map.groupBy(endpoints, ({ route }) => route.path)
  for (const [path, ofPath] of staticFirst(byPath)) {
    for (const endpoint of ofPath) {
      const { route } = endpoint
      app[methodOf(route)](
        path,
        limitLoad(inbound, route),
        reportLoad(inbound),
        ...(route.body === undefined ? [] : [readJson]),
        serve(endpoint, (req) => admit(route, req, deps), { log, streams }),
      )
    }
    app.all(path, refuseMethod(ofPath.map(({ route }) => route)))
  }
  addProblemHandlers(app, log)
  return app
}

/** Paths without parameters first, or one with them would take theirs: `/letters/replay` is no letter. */
export function staticFirst<T>(byPath: ReadonlyMap<string, T>): [string, T][] {
  return [...byPath].sort(([a], [b]) => Number(a.includes(':')) - Number(b.includes(':')))
}

export function methodOf({ method }: RouteDefinition) {
  return method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
}

const rawBodies = new WeakMap<object, Buffer>()

function keepRawBody(req: object, _res: unknown, body: Buffer): void {
  rawBodies.set(req, body)
}

/** A JSON body byte by byte, as its sender signed it. */
export function rawBodyOf(req: Request): Buffer {
  return rawBodies.get(req) ?? Buffer.alloc(0)
}

/** What every app does first, without endpoints, body parser or error handlers: the gateway adds its own. */
export function createBareApp({ log, metrics, isReady, requestTimeoutMs = 10_000 }: HttpDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.set('query parser', 'simple')
  app.use(traceAndMeasure(log, metrics, isReady), limitTime(requestTimeoutMs, problemAnswerer(log)))
  return app
}

function limitTime(
  requestTimeoutMs: number,
  answerProblem: ReturnType<typeof problemAnswerer>,
): RequestHandler {
  return (req, res, next) => {
    const asked = Number(req.get(DEADLINE_HEADER))
    const remainingMs =
      Number.isFinite(asked) && asked > 0 ? Math.min(asked, requestTimeoutMs) : requestTimeoutMs
    if (remainingMs < LEAST_MS) throw refuse('deadline-exceeded', 'The caller left too little time.')
    // The work goes on, and what it has begun to write is stored; only its answer is of no use to the caller any more.
    // Not by `next`: what the work throws later would be the second error of one request, for which express cuts the
    // connection, whatever else is on it by then.
    const timer = setTimeout(() => {
      if (!res.headersSent)
        answerProblem(refuse('deadline-exceeded', 'The work took longer than the caller waits.'), req, res)
    }, remainingMs)
    res.once('close', () => clearTimeout(timer))
    withDeadline(remainingMs, next, parseAttempt(req.get(ATTEMPT_HEADER)))
  }
}

/**
 * Refuses what the instance has no room for. A request gives its place back when it is answered, has become a stream,
 * or its client is gone.
 */
export function limitLoad(inbound: InboundLimit, route: RouteDefinition): RequestHandler {
  const priority = priorityOf(route)
  return (_req, res, next) => {
    if (!inbound.enter(priority)) throw overloaded()
    let isIn = true
    const leave = () => {
      if (isIn) inbound.leave()
      isIn = false
    }
    res.once('close', leave)
    res.once(STREAMING, leave)
    next()
  }
}

/** Reports how busy the instance is: callers that choose by it send less. */
function reportLoad(inbound: InboundLimit): RequestHandler {
  return (_req, res, next) => {
    res.setHeader(UTILISATION_HEADER, inbound.utilisation().toFixed(2))
    next()
  }
}

export function overloaded() {
  return refuse('overloaded', 'There is more to do than can be done in time.', { retryAfterS: 1 })
}

/** Checks the request against the endpoint's route, runs it and sends its reply as the route says. */
export function serve(
  endpoint: Endpoint,
  callerOf: (req: Request, res: Response) => Promise<Asker | undefined>,
  { log, streams }: { log: Log; streams: Streams },
): RequestHandler {
  const { route } = endpoint
  return async (req, res) => {
    const caller = await callerOf(req, res)
    const reply = await endpoint.run({ ...parseRequest(route, req), caller, req } as unknown as Call)
    if (res.headersSent) return
    if (reply.stream === undefined) return sendReply(res, route, reply, log)
    await outsideRequests(sendEvents, res, { route, streams, log }, reply.stream)
  }
}

/** A stream outlasts the deadline of the request that began it. */
const outsideRequests = AsyncLocalStorage.snapshot()

/** For a path whose methods are those of these routes; GET answers HEAD too. */
export function refuseMethod(routes: readonly RouteDefinition[]): RequestHandler {
  const allowed = routes.flatMap(({ method }) => (method === 'GET' ? [method, 'HEAD'] : [method])).join(', ')
  return (_req, res) => {
    res.set('allow', allowed)
    throw refuse('method-not-allowed', `This path answers ${allowed}.`)
  }
}
