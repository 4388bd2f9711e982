import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import type { Histogram } from 'prom-client'
import { PROBLEMS } from '@lepton/contracts/problems'
import { IdempotencyKey } from '@lepton/contracts/fields'
import type { RouteDefinition } from '@lepton/contracts/route'
import { z } from 'zod'
import type { Caller, Verify } from './auth.ts'
import type { Log } from './log.ts'
import { ATTEMPT_HEADER, DEADLINE_HEADER, parseAttempt, withDeadline } from './mesh/deadline.ts'
import type { Metrics } from './metrics.ts'
import { type FieldError, problemDocument, Refusal, refuse, Unavailable } from './problem.ts'
import { isPassingFault } from './postgres.ts'
import { continueTrace, currentTrace, withTrace } from './trace.ts'

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

export interface Call<R extends RouteDefinition = RouteDefinition> {
  params: Parsed<R['params']>
  query: Parsed<R['query']>
  body: Parsed<R['body']>
  /** Undefined only where the route is open to anyone and no token was sent. */
  caller: R['access'] extends readonly ('customer' | 'operator' | 'service')[] ? Caller : Caller | undefined
  idempotencyKey: R['idempotency'] extends 'required' ? string : string | undefined
  /** The path as it was asked for, without the query. */
  path: string
  req: Request
}

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
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
  /** False while the instance starts and from the moment it stops. */
  isReady: () => boolean
  bodyLimit?: string
  requestTimeoutMs?: number
}

/**
 * An express app that answers the endpoints and `/livez`, `/readyz`, `/metrics`. Every request is
 * traced, measured, bounded in size and time; every fault leaves as a problem document.
 */
export function createHttpApp(deps: HttpDeps, endpoints: readonly Endpoint[]): Express {
  const app = createBareApp(deps)
  const limit = deps.bodyLimit ?? '64kb'
  app.use(express.json({ limit, strict: true, type: 'application/json', verify: keepRawBody }))
  for (const endpoint of endpoints) {
    const method = endpoint.route.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    app[method](
      endpoint.route.path,
      serve(endpoint, (req) => admit(endpoint.route, req, deps.verify)),
    )
  }
  for (const path of new Set(endpoints.map(({ route }) => route.path))) {
    app.all(path, refuseMethod(endpoints.filter(({ route }) => route.path === path)))
  }
  addProblemHandlers(app, deps.log)
  return app
}

const rawBodies = new WeakMap<object, Buffer>()

function keepRawBody(req: object, _res: unknown, body: Buffer): void {
  rawBodies.set(req, body)
}

/** A JSON body byte by byte, as it was signed by whoever sent it. */
export function rawBodyOf(req: Request): Buffer {
  return rawBodies.get(req) ?? Buffer.alloc(0)
}

/** What every process answers, without endpoints, body parser or error handlers: the gateway adds its own. */
export function createBareApp({ log, metrics, isReady, requestTimeoutMs = 10_000 }: HttpDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.get('/livez', (_req, res) => void res.json({ status: 'alive' }))
  app.get('/readyz', (_req, res) => void res.status(isReady() ? 200 : 503).json({ ready: isReady() }))
  app.get('/metrics', async (_req, res) => {
    res.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  app.use(traceAndMeasure(log, metrics, isReady), limitTime(requestTimeoutMs))
  return app
}

/** The last two handlers of an app: an unknown path, and whatever was thrown. */
export function addProblemHandlers(app: Express, log: Log): void {
  app.use(() => {
    throw refuse('not-found', 'There is nothing at this path.')
  })
  app.use(answerProblem(log))
}

function traceAndMeasure(log: Log, metrics: Metrics, isReady: () => boolean): RequestHandler {
  const duration: Histogram = metrics.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of requests by method, route and status',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
  })
  return (req, res, next) => {
    const started = performance.now()
    const trace = continueTrace(req.get('traceparent'), req.get('x-request-id'))
    res.setHeader('x-request-id', trace.request_id)
    // A client that keeps its connection would lose a request to the closing socket.
    if (!isReady()) res.setHeader('connection', 'close')
    res.once('close', () => {
      const ms = performance.now() - started
      const route = routeOf(req)
      const status = res.writableFinished ? res.statusCode : 499
      duration.observe(
        { http_request_method: req.method, http_route: route, http_response_status_code: status },
        ms / 1000,
      )
      log.debug({ method: req.method, route, status, ms: Math.round(ms) }, 'request')
    })
    withTrace(trace, next)
  }
}

function routeOf(req: Request): string {
  const labelled = (req.res as Response | undefined)?.locals.route as string | undefined
  return labelled ?? (req.route as { path?: string } | undefined)?.path ?? 'none'
}

function limitTime(requestTimeoutMs: number): RequestHandler {
  return (req, _res, next) => {
    const asked = Number(req.get(DEADLINE_HEADER))
    const remainingMs =
      Number.isFinite(asked) && asked > 0 ? Math.min(asked, requestTimeoutMs) : requestTimeoutMs
    withDeadline(remainingMs, next, parseAttempt(req.get(ATTEMPT_HEADER)))
  }
}

/** Checks the request against the endpoint's route, runs it and sends its reply as the route says. */
export function serve(
  endpoint: Endpoint,
  callerOf: (req: Request, res: Response) => Promise<Caller | undefined>,
): RequestHandler {
  const { route } = endpoint
  return async (req, res) => {
    const caller = await callerOf(req, res)
    const reply = await endpoint.run({ ...parse(route, req), caller, path: req.path, req } as unknown as Call)
    sendReply(res, route, reply)
  }
}

async function admit(route: RouteDefinition, req: Request, verify: Verify): Promise<Caller | undefined> {
  const bearer = /^Bearer ([\w.-]+)$/i.exec(req.get('authorization') ?? '')?.[1]
  const isOpen = route.access.includes('anyone')
  if (bearer === undefined) {
    if (isOpen) return undefined
    throw refuse(
      'unauthenticated',
      'Send a token as "Authorization: Bearer …". POST /api/v1/session gives one.',
    )
  }
  const caller = await verify(bearer)
  const isAllowed =
    isOpen ||
    (route.access.includes(caller.role) &&
      (caller.role !== 'service' || caller.scopes.includes(route.operation)))
  if (!isAllowed) throw refuse('forbidden', `This needs the token of: ${route.access.join(' or ')}.`)
  return caller
}

function parse(route: RouteDefinition, req: Request) {
  const errors: FieldError[] = []
  function check(schema: z.ZodType | undefined, value: unknown, pointer: (path: string[]) => string) {
    if (schema === undefined) return undefined
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) errors.push(...fieldErrors(issue, pointer))
    return undefined
  }
  if (route.body !== undefined && req.body === undefined && Number(req.get('content-length') ?? 0) > 0) {
    throw refuse('unsupported-media-type', 'Send the body as application/json.')
  }
  const params = check(route.params, req.params, (path) => `{${path.join('/')}}`)
  const query = check(route.query, req.query, (path) => `?${path.join('/')}`)
  const body = check(route.body, route.body && (req.body ?? {}), (path) =>
    path.map((part) => `/${escape(part)}`).join(''),
  )
  const idempotencyKey = req.get('idempotency-key')
  if (route.idempotency !== undefined && idempotencyKey !== undefined) {
    check(IdempotencyKey, idempotencyKey, () => 'Idempotency-Key')
  }
  if (errors.length > 0) throw refuse('invalid-request', 'Some fields are not as they should be.', { errors })
  if (route.idempotency === 'required' && idempotencyKey === undefined) {
    throw refuse(
      'idempotency-key-missing',
      'Send a header Idempotency-Key with 16 to 255 characters that you never use again.',
    )
  }
  return { params, query, body, idempotencyKey }
}

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

function fieldErrors(issue: z.core.$ZodIssue, pointer: (path: string[]) => string): FieldError[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, 20)
      .map((key) => ({ pointer: pointer([...path, key]), detail: 'is not a known field' }))
  }
  return [{ pointer: pointer(path), detail: issue.message }]
}

/** Sends a reply through the schema of its status: a row's other columns never leave. */
export function sendReply(res: Response, route: RouteDefinition, { status, body, headers }: Reply): void {
  if (headers !== undefined) res.set(headers)
  const schema = route.answers[status]
  if (schema === undefined) throw new Error(`${route.operation} has no answer ${status}`)
  if (schema === null) res.status(status).end()
  else res.status(status).json(schema.parse(body))
}

function refuseMethod(endpoints: readonly Endpoint[]): RequestHandler {
  const allowed = endpoints.map(({ route }) => route.method).join(', ')
  return (_req, res) => {
    res.set('allow', allowed)
    throw refuse('method-not-allowed', `This path answers ${allowed}.`)
  }
}

function answerProblem(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    if (res.headersSent) return void res.destroy()
    const refusal = asRefusal(error)
    if (refusal.slug === 'internal-error') log.error({ err: error, path: req.path }, 'request failed')
    else if (refusal.slug === 'unavailable') log.warn({ err: error, path: req.path }, 'request refused')
    if (refusal.retryAfterS !== undefined) res.set('retry-after', String(refusal.retryAfterS))
    if (refusal.slug === 'unauthenticated') res.set('www-authenticate', 'Bearer')
    const trace = currentTrace()
    res
      .status(PROBLEMS[refusal.slug].status)
      .type('application/problem+json')
      .send(
        JSON.stringify(
          problemDocument(refusal.slug, {
            detail: refusal.message,
            instance: prefixOf(req) + req.originalUrl.split('?')[0]!,
            ...(trace && { trace_id: trace.trace_id }),
            errors: refusal.errors,
          }),
        ),
      )
  }
}

/** The gateway says below which path it found us, so that `instance` is what the client asked for. */
function prefixOf(req: Request): string {
  const prefix = req.get('x-forwarded-prefix') ?? ''
  return /^(\/[\w-]+){0,4}$/.test(prefix) ? prefix : ''
}

/** Body parsers and routers throw errors of their own; a bug's message never leaves the process. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Unavailable)
    return refuse('unavailable', error.message, { retryAfterS: error.retryAfterS })
  if (isPassingFault(error)) return refuse('unavailable', 'the database is not available', { retryAfterS: 1 })
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.parse.failed') return refuse('invalid-json', 'The body is not valid JSON.')
  if (type === 'entity.too.large') return refuse('body-too-large', 'A body may hold 64 KiB.')
  if (status === 415) return refuse('unsupported-media-type', 'Send the body as application/json in UTF-8.')
  if (status !== undefined && status >= 400 && status < 500)
    return refuse('invalid-request', 'The request cannot be read.')
  return refuse('internal-error', 'The cause is in our log under this trace id.')
}
