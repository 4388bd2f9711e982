import { timingSafeEqual } from 'node:crypto'
import type { Caller } from '@lepton/common/http/auth'
import { answer, type Endpoint, limitLoad, methodOf, refuseMethod, serve } from '@lepton/common/http/app'
import { newId } from '@lepton/common/runtime/id'
import { Refusal } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import {
  endSession,
  getSession,
  signInDemoOperator,
  signInOperator,
  startSession,
} from '@lepton/contracts/session'
import { type Request, Router } from 'express'
import type { CookieRole } from './cookie.ts'
import type { GatewayDeps } from './deps.ts'
import { DEMO_NAME } from './identity.ts'
import { named, readJson } from './routes.ts'

/** Sessions are answered here; everything else by its owner. */
export function sessionRoutes(deps: GatewayDeps): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const byPath = Map.groupBy(sessionEndpoints(deps), ({ route }) => route.path)
  for (const [path, endpoints] of byPath) {
    for (const endpoint of endpoints) {
      const { route } = endpoint
      router[methodOf(route)](
        path,
        named(route),
        limitLoad(deps.inbound, route),
        ...(route.method === 'POST' ? [deps.limitSession] : []),
        ...(route === signInOperator ? [readJson] : []),
        serve(endpoint, () => Promise.resolve(undefined), deps),
      )
    }
    router.all(path, refuseMethod(endpoints.map(({ route }) => route)))
  }
  return router
}

function sessionEndpoints({ identity, operatorSecret, runtime, log }: GatewayDeps): Endpoint[] {
  async function signIn(req: Request, name: string) {
    const caller = await identity.begin(req, req.res!, { subject: newId(), role: 'operator', name })
    log.info({ address: req.ip, name, subject: caller.subject }, 'an operator signed in')
    return created(caller)
  }

  /** A cookie or token that is expired, or whose session has ended, is none: this route refuses no visitor. */
  async function visitor(req: Request, role: CookieRole): Promise<Caller | undefined> {
    try {
      const caller = await identity.of(req, req.res!, [role])
      return caller?.role === role ? caller : undefined
    } catch (error) {
      if (error instanceof Refusal && error.slug === 'unauthenticated') return undefined
      throw error
    }
  }

  return [
    answer(getSession, async ({ req }) => {
      const [customer, operator] = [await visitor(req, 'customer'), await visitor(req, 'operator')]
      const body = {
        customer: customer === undefined ? null : { customer_id: customer.subject, ...ending(customer) },
        operator: operator === undefined ? null : { name: operator.name ?? 'operator', ...ending(operator) },
        runtime,
        demo_operator: identity.mayBeDemoOperator(req),
      }
      return { status: 200, body, headers: NO_STORE }
    }),

    answer(startSession, async ({ req }) => created(await identity.renew(req, req.res!))),

    answer(signInOperator, async ({ body: { secret, name }, req }) => {
      if (!isSecret(secret, operatorSecret)) {
        log.warn({ address: req.ip, name }, 'an operator sign-in was refused')
        throw refuse('unauthenticated', 'That is not the operator secret.')
      }
      return signIn(req, name)
    }),

    answer(signInDemoOperator, ({ req }) => {
      if (!identity.mayBeDemoOperator(req)) {
        log.warn({ address: req.ip, name: DEMO_NAME }, 'an operator sign-in was refused')
        throw refuse(
          'forbidden',
          'Without the secret only a page of a development shop, opened on its own machine, makes an operator.',
        )
      }
      return signIn(req, DEMO_NAME)
    }),

    answer(endSession, async ({ query: { role }, req }) => {
      await identity.end(req, req.res!, role)
      return { status: 204 }
    }),
  ]
}

const NO_STORE = { 'cache-control': 'no-store' }

function created(caller: Caller) {
  const { token, subject, role } = caller
  return { status: 201, body: { token, customer_id: subject, role, ...ending(caller) }, headers: NO_STORE }
}

function ending({ expires_at }: Caller) {
  return { expires_at: new Date(expires_at * 1000).toISOString() }
}

function isSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
