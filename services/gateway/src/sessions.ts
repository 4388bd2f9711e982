import { timingSafeEqual } from 'node:crypto'
import type { Caller } from '@lepton/common/auth'
import { answer, type Endpoint, limitLoad, methodOf, refuseMethod, serve } from '@lepton/common/http'
import { newId } from '@lepton/common/id'
import { refuse } from '@lepton/common/problem'
import { endSession, signInOperator, startSession } from '@lepton/contracts/routes'
import { Router } from 'express'
import type { GatewayDeps } from './deps.ts'
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
        ...(route === endSession ? [] : [deps.limitSession]),
        ...(route === signInOperator ? [readJson] : []),
        serve(endpoint, () => Promise.resolve(undefined), deps.log),
      )
    }
    router.all(path, refuseMethod(endpoints.map(({ route }) => route)))
  }
  return router
}

function sessionEndpoints({ identity, operatorSecret, log }: GatewayDeps): Endpoint[] {
  return [
    answer(startSession, async ({ req }) => created(await identity.renew(req, req.res!))),

    answer(signInOperator, async ({ body: { secret, name }, req }) => {
      const about = { address: req.ip, name }
      if (!isSecret(secret, operatorSecret)) {
        log.warn(about, 'an operator sign-in was refused')
        throw refuse('unauthenticated', 'That is not the operator secret.')
      }
      const caller = await identity.begin(req, req.res!, { subject: newId(), role: 'operator', name })
      log.info({ ...about, subject: caller.subject }, 'an operator signed in')
      return created(caller)
    }),

    answer(endSession, async ({ req }) => {
      await identity.end(req, req.res!)
      return { status: 204 }
    }),
  ]
}

function created({ token, subject, role, expires_at }: Caller) {
  const body = { token, customer_id: subject, role, expires_at: new Date(expires_at * 1000).toISOString() }
  return { status: 201, body, headers: { 'cache-control': 'no-store' } }
}

function isSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
