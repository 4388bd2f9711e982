import type { Caller } from '@lepton/common/http/auth'
import { limitLoad, methodOf, refuseMethod, staticFirst } from '@lepton/common/http/app'
import { isJson } from '@lepton/common/http/parse'
import { refuse } from '@lepton/shop/refuse'
import type { RouteDefinition } from '@lepton/contracts/route'
import { receiveWebhook } from '@lepton/contracts/payment-routes'
import { ROUTES } from '@lepton/contracts/routes'
import { json, raw, type Request, type RequestHandler, Router } from 'express'
import { COOKIE_ROLES } from './cookie.ts'
import type { GatewayDeps } from './deps.ts'
import { ask, pass } from './forward.ts'
import { forwardStream } from './forward-stream.ts'
import type { Identity } from './identity.ts'

const BODY_LIMIT = '64kb'
export const readBody = raw({ type: () => true, limit: BODY_LIMIT })
export const readJson = json({ limit: BODY_LIMIT, strict: true, type: isJson })

/** The API below `/api/v1`: each route is asked of its owner. */
export function apiRoutes(deps: GatewayDeps): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const isForwarded = ({ exposed, owner }: RouteDefinition) => exposed !== false && owner !== 'gateway'
  const byPath = Map.groupBy(ROUTES.filter(isForwarded), ({ path }) => path)
  for (const [path, routes] of staticFirst(byPath)) {
    for (const route of routes) {
      const isStream = route.events !== undefined
      router[methodOf(route)](
        path,
        named(route),
        limitLoad(deps.inbound, route),
        identify(deps.identity, route),
        ...(isStream ? deps.limitStreams : deps.limitCaller),
        ...(route.body === undefined ? [] : [readBody]),
        isStream ? forwardStream(deps, route) : forward(deps, route),
      )
    }
    router.all(path, refuseMethod(routes))
  }
  return router
}

/** The card processor's webhooks: no token, a limit of their own, and a signature that payment checks. */
export function webhookRoute(deps: GatewayDeps): Router {
  return Router({ caseSensitive: true, strict: true }).post(
    receiveWebhook.path,
    named(receiveWebhook),
    deps.limitWebhooks,
    readBody,
    forward(deps, receiveWebhook),
  )
}

/** Measures the request under its route, not its path. */
export function named(route: Pick<RouteDefinition, 'path' | 'access'>): RequestHandler {
  return (_req, res, next) => {
    res.locals.route = route.path
    if (!route.access.includes('anyone')) res.set('cache-control', 'no-store')
    next()
  }
}

function identify(identity: Identity, route: RouteDefinition): RequestHandler {
  return async (req, res, next) => {
    const isOpen = route.access.includes('anyone')
    const roles = isOpen
      ? (['customer'] as const)
      : COOKIE_ROLES.filter((role) => route.access.includes(role))
    const caller = (await identity.of(req, res, roles)) ?? (await demoOf(identity, route, req))
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

function forward(deps: GatewayDeps, route: RouteDefinition): RequestHandler {
  return async (req, res) => {
    const body = Buffer.isBuffer(req.body) ? req.body : undefined
    const caller = res.locals.caller as Caller | undefined
    pass(res, await ask(deps, route, { caller, req, path: req.url, body }))
  }
}
