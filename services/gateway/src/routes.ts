import { timingSafeEqual } from 'node:crypto'
import type { Caller } from '@lepton/common/auth'
import type { Instance } from '@lepton/common/service'
import { sendReply, serve } from '@lepton/common/http'
import { newId } from '@lepton/common/id'
import { refuse } from '@lepton/common/problem'
import type { RouteDefinition } from '@lepton/contracts/route'
import { endSession, receiveWebhook, ROUTES, signInOperator, startSession } from '@lepton/contracts/routes'
import { OperatorSignIn } from '@lepton/contracts/session'
import { json, raw, type Request, type RequestHandler, type Response, Router } from 'express'
import { ask, pass } from './forward.ts'
import type { Identity } from './identity.ts'
import { opsEndpoints } from './ops.ts'
import { limitAddress, limitSubject } from './limits.ts'

export interface GatewayDeps {
  mesh: Instance['mesh']
  identity: Identity
  operatorSecret: string
  subjectLimitPerMinute: number
  sessionLimitPerMinute: number
  webhookLimitPerMinute: number
  upstreamTimeoutMs: number
}

export const readBody = raw({ type: () => true, limit: '64kb' })

/** The API below `/api/v1`: sessions are answered here, everything else by its owner. */
export function apiRoutes(deps: GatewayDeps): Router {
  const router = Router({ caseSensitive: true })
  const limitSession = limitAddress(deps.sessionLimitPerMinute)
  router.post(startSession.path, named(startSession), limitSession, beginSession(deps))
  router.post(signInOperator.path, named(signInOperator), limitSession, readBody, beginOperator(deps))
  router.delete(endSession.path, named(endSession), (req, res) => {
    deps.identity.end(req, res)
    sendReply(res, endSession, { status: 204 })
  })
  const limitCaller = limitSubject(deps.subjectLimitPerMinute)
  const exposed = ROUTES.filter((route) => route.exposed !== false)
  for (const route of exposed.filter(({ owner }) => owner !== 'gateway')) {
    router[methodOf(route)](
      route.path,
      named(route),
      identify(deps.identity, route),
      limitCaller,
      readBody,
      forward(deps, route),
    )
  }
  for (const endpoint of opsEndpoints(deps.mesh)) {
    const { route } = endpoint
    router[methodOf(route)](
      route.path,
      named(route),
      identify(deps.identity, route),
      limitCaller,
      json({ limit: '64kb', strict: true, type: 'application/json' }),
      serve(endpoint, (_req, res) => Promise.resolve(res.locals.caller as Caller | undefined)),
    )
  }
  for (const path of new Set(exposed.map((route) => route.path))) {
    const allowed = exposed.filter((route) => route.path === path).map(({ method }) => method)
    router.all(path, (_req, res) => {
      res.set('allow', allowed.join(', '))
      throw refuse('method-not-allowed', `This path answers ${allowed.join(', ')}.`)
    })
  }
  return router
}

/** The card processor's webhooks: no token, a limit of their own, and a signature that payment checks. */
export function webhookRoute(deps: GatewayDeps): Router {
  const limit = limitAddress(deps.webhookLimitPerMinute)
  const run = forward(deps, receiveWebhook)
  return Router({ caseSensitive: true }).post(
    receiveWebhook.path,
    named(receiveWebhook),
    limit,
    readBody,
    run,
  )
}

function methodOf({ method }: RouteDefinition) {
  return method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
}

/** Measures the request under its route, not its path. */
export function named(route: RouteDefinition): RequestHandler {
  return (_req, res, next) => {
    res.locals.route = route.path
    next()
  }
}

export function identify(identity: Identity, route: RouteDefinition): RequestHandler {
  return async (req, res, next) => {
    const caller = (await identity.of(req, res)) ?? (await demoOf(identity, route, req))
    const isOpen = route.access.includes('anyone')
    if (caller === undefined && !isOpen) {
      throw refuse(
        'unauthenticated',
        'Send a token as "Authorization: Bearer …". POST /api/v1/session gives one.',
      )
    }
    if (caller !== undefined && !isOpen && !route.access.includes(caller.role)) {
      throw refuse('forbidden', `This needs the token of: ${route.access.join(' or ')}.`)
    }
    res.locals.caller = caller
    res.locals.subject = caller?.subject
    next()
  }
}

/** What the seeds ask without a token, in development: the cart and receiving stock. */
async function demoOf(identity: Identity, route: RouteDefinition, req: Request) {
  if (route.path === '/cart') return identity.demo(req, 'customer')
  return route.operation === 'receive_stock' ? identity.demo(req, 'operator') : undefined
}

function forward({ mesh, upstreamTimeoutMs }: GatewayDeps, route: RouteDefinition): RequestHandler {
  return async (req, res) => {
    const body = Buffer.isBuffer(req.body) ? req.body : undefined
    pass(
      res,
      await ask(
        mesh,
        route,
        res.locals.caller as Caller | undefined,
        req,
        { path: req.url, body },
        upstreamTimeoutMs,
      ),
    )
  }
}

function beginSession({ identity }: GatewayDeps): RequestHandler {
  return async (req, res) => {
    // A token that has expired or is not ours begins anew instead of failing: this is how one gets a token.
    const known = await identity.of(req, res).catch(() => undefined)
    const subject = known?.role === 'customer' ? known.subject : newId()
    await answerSession(identity, req, res, startSession, subject, 'customer')
  }
}

function beginOperator({ identity, operatorSecret }: GatewayDeps): RequestHandler {
  return async (req, res) => {
    const { secret } = parseJson(req.body, OperatorSignIn)
    const given = Buffer.from(secret)
    const wanted = Buffer.from(operatorSecret)
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw refuse('unauthenticated', 'That is not the operator secret.')
    }
    await answerSession(identity, req, res, signInOperator, newId(), 'operator')
  }
}

async function answerSession(
  identity: Identity,
  req: Request,
  res: Response,
  route: RouteDefinition,
  subject: string,
  role: 'customer' | 'operator',
): Promise<void> {
  const { token, expires_at } = await identity.begin(req, res, subject, role)
  const body = { token, customer_id: subject, role, expires_at: new Date(expires_at * 1000).toISOString() }
  sendReply(res, route, { status: 201, body, headers: { 'cache-control': 'no-store' } })
}

/** @throws Refusal for what is not JSON or not as the schema says */
export function parseJson<T>(
  body: unknown,
  schema: {
    safeParse(
      value: unknown,
    ):
      | { success: true; data: T }
      | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } }
  },
): T {
  let value: unknown
  try {
    value = JSON.parse(Buffer.isBuffer(body) && body.length > 0 ? body.toString() : '{}')
  } catch {
    throw refuse('invalid-json', 'The body is not valid JSON.')
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({
    pointer: `/${path.map(String).join('/')}`,
    detail: message,
  }))
  throw refuse('invalid-request', 'Some fields are not as they should be.', { errors })
}
