import { orderIdOf, newId } from '@lepton/common/id'
import { refuse } from '@lepton/common/problem'
import type { Caller } from '@lepton/common/auth'
import { PaymentToken, text, Uuid } from '@lepton/contracts/fields'
import { checkOutCart, getOrder, payOrder } from '@lepton/contracts/routes'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { ask, type Answer, pass } from './forward.ts'
import type { Identity } from './identity.ts'
import { type GatewayDeps, named, parseJson, readBody } from './routes.ts'

const OrderAlias = z.strictObject({ order_id: text(200).optional(), payment_token: PaymentToken.optional() })
const PaymentAlias = z.strictObject({ order_id: text(200), payment_token: PaymentToken.optional() })

/**
 * The singular names `/order` and `/payment`, for requests as simple as they can be: no key, no card,
 * an order id of the client's own choice. Each is changed into the request it stands for.
 */
export function aliasRoutes(deps: GatewayDeps): Router {
  const router = Router({ caseSensitive: true })
  const someone = identifyOrDemo(deps.identity)

  router.post('/order', named(checkOutCart), someone, readBody, async (req, res) => {
    const { order_id, payment_token } = parseJson(req.body, OrderAlias)
    const key = req.get('idempotency-key') ?? (order_id === undefined ? newId() : keyOf(order_id))
    const body = payment_token === undefined ? {} : { payment_token }
    pass(res, await send(deps, req, res, checkOutCart, checkOutCart.path, body, key))
  })

  router.get('/order/:id', named(getOrder), someone, async (req, res) => {
    for (const id of candidates(callerOf(res), req.params.id as string)) {
      const found = await ask(
        deps.mesh,
        getOrder,
        callerOf(res),
        req,
        { path: `/orders/${id}` },
        deps.upstreamTimeoutMs,
      )
      if (found.status === 404) continue
      if (found.status === 200) sendOrder(res, found)
      else pass(res, found)
      return
    }
    throw refuse('not-found', 'You have no such order.')
  })

  router.post('/payment', named(payOrder), someone, readBody, async (req, res) => {
    const { order_id, payment_token = 'tok_approved' } = parseJson(req.body, PaymentAlias)
    const key = req.get('idempotency-key') ?? keyOf(`pay ${order_id}`)
    let answer: Answer | undefined
    for (const id of candidates(callerOf(res), order_id)) {
      answer = await send(deps, req, res, payOrder, payOrder.path, { order_id: id, payment_token }, key)
      if (answer.status !== 404) break
    }
    if (answer === undefined) throw refuse('not-found', 'You have no such order.')
    pass(res, answer)
  })
  return router
}

/** A key from a name that a client chose: the same name is the same request. */
function keyOf(name: string): string {
  return `alias:${Buffer.from(name).toString('base64url').padEnd(16, '-').slice(0, 240)}`
}

/** The orders that an id may mean: the order itself, or the one that was placed under this name. */
function candidates({ subject }: Caller, id: string): string[] {
  const named = orderIdOf(subject, checkOutCart.path, keyOf(id))
  return Uuid.safeParse(id).success ? [id, named] : [named]
}

function send(
  deps: GatewayDeps,
  req: Request,
  res: Response,
  route: typeof checkOutCart | typeof payOrder,
  path: string,
  body: object,
  key: string,
): Promise<Answer> {
  const headers = { 'idempotency-key': key, 'content-type': 'application/json' }
  const request = { path, body: Buffer.from(JSON.stringify(body)), headers }
  return ask(deps.mesh, route, callerOf(res), req, request, deps.upstreamTimeoutMs)
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
    const caller = (await identity.of(req, res)) ?? (await identity.demo(req, 'customer'))
    if (caller === undefined) throw refuse('unauthenticated', 'POST /api/v1/session gives a token.')
    if (caller.role !== 'customer') throw refuse('forbidden', 'This needs the token of: customer.')
    res.locals.caller = caller
    res.locals.subject = caller.subject
    next()
  }
}
