import { createHash } from 'node:crypto'
import type { Caller } from '@lepton/common/http/auth'
import { limitLoad } from '@lepton/common/http/app'
import { parseRequest } from '@lepton/common/http/parse'
import { newId } from '@lepton/common/runtime/id'
import { orderIdOf } from '@lepton/shop/order-id'
import { refuse } from '@lepton/shop/refuse'
import { getNamedOrder, orderCart, payNamedOrder } from '@lepton/contracts/aliases'
import { Uuid } from '@lepton/contracts/fields'
import type { Problem } from '@lepton/contracts/problems'
import type { RouteDefinition } from '@lepton/contracts/route'
import { checkOutCart } from '@lepton/contracts/cart-routes'
import { getOrder } from '@lepton/contracts/order-routes'
import { payOrder } from '@lepton/contracts/payment-routes'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { z } from 'zod'
import type { GatewayDeps } from './deps.ts'
import { type Answer, ask, pass } from './forward.ts'
import type { Identity } from './identity.ts'
import { named, readJson } from './routes.ts'

/**
 * The singular names `/order` and `/payment`, for requests as simple as they can be: no key, no card,
 * an order id of the client's own choice. Each is changed into the request it stands for.
 */
export function aliasRoutes(deps: GatewayDeps): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const someone = [identifyOrDemo(deps.identity), ...deps.limitCaller]
  const room = (route: RouteDefinition) => [named(route), limitLoad(deps.inbound, route)]

  router.post(orderCart.path, ...room(orderCart), ...someone, readJson, async (req, res) => {
    const { body: asked, idempotencyKey } = parseRequest(orderCart, req)
    const { order_id, payment_token } = asked as z.infer<typeof orderCart.body>
    const key = idempotencyKey ?? (order_id === undefined ? newId() : keyOf(order_id))
    const body = payment_token === undefined ? {} : { payment_token }
    passAs(req, res, await send(deps, req, checkOutCart, body, key))
  })

  router.get(getNamedOrder.path, ...room(getNamedOrder), ...someone, async (req, res) => {
    const caller = callerOf(res)
    const { order_id } = parseRequest(getNamedOrder, req).params as { order_id: string }
    for (const id of candidates(caller, order_id)) {
      const found = await ask(deps, getOrder, { caller, req, path: `/orders/${id}` })
      if (found.status === 404) continue
      if (found.status === 200) sendOrder(res, found)
      else passAs(req, res, found)
      return
    }
    throw refuse('not-found', 'You have no such order.')
  })

  router.post(payNamedOrder.path, ...room(payNamedOrder), ...someone, readJson, async (req, res) => {
    const { body, idempotencyKey } = parseRequest(payNamedOrder, req)
    const { order_id, payment_token = testCard(deps) } = body as z.infer<typeof payNamedOrder.body>
    const key = idempotencyKey ?? keyOf(`pay ${order_id}`)
    let answer: Answer | undefined
    for (const id of candidates(callerOf(res), order_id)) {
      answer = await send(deps, req, payOrder, { order_id: id, payment_token }, key)
      if (answer.status !== 404) break
    }
    if (answer === undefined) throw refuse('not-found', 'You have no such order.')
    passAs(req, res, answer)
  })
  return router
}

/** `GET /service` may have its `service_name` in a JSON body: from there it goes into the query. */
export const nameInBody: RequestHandler = (req, _res, next) => {
  const name = (req.body as { service_name?: unknown } | undefined)?.service_name
  if (typeof name === 'string') {
    const url = new URL(req.url, 'http://gateway')
    url.searchParams.set('service_name', name)
    req.url = url.pathname + url.search
  }
  next()
}

/** @throws Refusal that names the missing card, outside development: inside it there is a test card for all */
function testCard({ isDevelopment }: GatewayDeps): string {
  if (isDevelopment) return 'tok_approved'
  throw refuse('invalid-request', 'Some fields are invalid.', {
    errors: [{ pointer: '/payment_token', detail: 'is missing: a card is needed' }],
  })
}

/** A key from a name that a client chose: the same name is the same request, and two names never are. */
function keyOf(name: string): string {
  return `alias:${createHash('sha256').update(name).digest('base64url')}`
}

/** The orders that an id may mean: the order itself, or the one that was placed under this name. */
function candidates({ subject }: Caller, id: string): string[] {
  const byName = orderIdOf(subject, checkOutCart.path, keyOf(id))
  const byId = Uuid.safeParse(id)
  return byId.success ? [byId.data, byName] : [byName]
}

function send(
  deps: GatewayDeps,
  req: Request,
  route: typeof checkOutCart | typeof payOrder,
  body: object,
  key: string,
): Promise<Answer> {
  return ask(deps, route, {
    caller: callerOf(req.res!),
    req,
    path: route.path,
    body: Buffer.from(JSON.stringify(body)),
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
  })
}

/** The owner's answer; a problem names the path that was asked for, not the one it stands for. */
function passAs(req: Request, res: Response, answer: Answer): void {
  const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json')
  if (!isProblem) return pass(res, answer)
  const problem = JSON.parse(answer.body.toString()) as Problem
  const body = Buffer.from(JSON.stringify({ ...problem, instance: req.originalUrl.split('?')[0] }))
  pass(res, { ...answer, body })
}

function sendOrder(res: Response, { body }: Answer): void {
  const order = JSON.parse(body.toString()) as { order_id: string }
  res.json({ order_id: order.order_id, order })
}

function callerOf(res: Response): Caller {
  return res.locals.caller as Caller
}

function identifyOrDemo(identity: Identity): RequestHandler {
  return async (req, res, next) => {
    const caller = (await identity.of(req, res, ['customer'])) ?? (await identity.demo(req, 'customer'))
    if (caller === undefined) throw refuse('unauthenticated', 'POST /api/v1/session gives a token.')
    if (caller.role !== 'customer') throw refuse('forbidden', 'This needs the token of: customer.')
    res.locals.caller = caller
    res.locals.subject = caller.subject
    next()
  }
}
