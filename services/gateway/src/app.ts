import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { ask as askOwner } from '@lepton/common/http/ask'
import { createVerifier } from '@lepton/common/http/auth'
import { createBareApp } from '@lepton/common/http/app'
import { addProblemHandlers } from '@lepton/common/http/problems'
import type { Instance } from '@lepton/common/service'
import { askService } from '@lepton/contracts/governance'
import { getRoom } from '@lepton/contracts/order-routes'
import { ROUTES } from '@lepton/contracts/routes'
import { aliasRoutes, nameInBody } from './aliases.ts'
import type { Settings } from './config.ts'
import type { GatewayDeps } from './deps.ts'
import { atTheDoor } from './door.ts'
import { refuseTwoHosts, secureHeaders } from './headers.ts'
import { createExchange } from './exchange.ts'
import { createIdentity, SESSION_AUDIENCE } from './identity.ts'
import { limitAddress, limitInFlight, limitStreams, limitSubject } from './limits.ts'
import { pageRoutes } from './pages.ts'
import { createRoom } from './room.ts'
import { apiRoutes, readJson, webhookRoute } from './routes.ts'
import { sessionRoutes } from './sessions.ts'
import { webRoutes } from './web.ts'

/** The one entrance: who asks, how often, and which service answers. It owns no data and decides nothing. */
export function createGatewayApp(instance: Omit<Instance, 'control'>, settings: Settings): RequestListener {
  const { JWKS_FILE: jwksFile, CUSTOMER_SESSION_S: customerS, OPERATOR_SESSION_S: operatorS } = settings
  const isDevelopment = settings.LEPTON_ENV === 'development'
  const room = createRoom(async () => {
    return (await askOwner(instance.mesh, getRoom, { as: instance.signer.as })).orders ?? undefined
  })
  const limitRate = limitSubject(settings.RATE_LIMIT_PER_MINUTE)
  const deps: GatewayDeps = {
    mesh: instance.mesh,
    inbound: instance.inbound,
    streams: instance.streams,
    room,
    tokenFor: createExchange(instance.signer, settings.TOKEN_AUDIENCE),
    log: instance.log,
    identity: createIdentity({
      signer: instance.signer,
      verify: instance.verify,
      verifySession: createVerifier({ jwksFile, audience: SESSION_AUDIENCE }),
      verifyExpired: createVerifier({ jwksFile, leewayS: customerS }),
      ages: { customerS, operatorS },
      demoFrom: isDevelopment ? settings.DEMO_FROM : undefined,
    }),
    isDevelopment,
    runtime: settings.RUNTIME,
    operatorSecret: settings.OPERATOR_SECRET_FILE,
    limitCaller: [limitRate, limitInFlight(settings.SUBJECT_MAX_IN_FLIGHT)],
    limitStreams: [
      limitRate,
      limitStreams({ ofSubject: settings.SUBJECT_MAX_STREAMS, ofAddress: settings.ADDRESS_MAX_STREAMS }),
    ],
    limitSession: limitAddress(settings.SESSION_LIMIT_PER_MINUTE),
    limitWebhooks: limitAddress(settings.WEBHOOK_LIMIT_PER_MINUTE),
    upstreamTimeoutMs: settings.UPSTREAM_TIMEOUT_MS,
  }
  for (const owner of new Set(ROUTES.map((route) => route.owner))) {
    if (owner !== 'gateway' && owner !== 'psp') instance.mesh.watch(owner)
  }
  const app = createBareApp(instance)
  app.set('trust proxy', settings.TRUST_PROXY)
  app.use(refuseTwoHosts, secureHeaders())
  // Before the limit of addresses: a processor next door must not use up what its neighbours may ask.
  app.use('/api/v1', webhookRoute(deps))
  app.use(webRoutes(settings.WEB_DIR, instance.log))
  app.use(limitAddress(settings.ADDRESS_LIMIT_PER_MINUTE))
  app.use(pageRoutes(() => readFile(jwksFile, 'utf8')))
  app.get([askService.path, `/api/v1${askService.path}`], readJson, nameInBody)
  const api = [sessionRoutes(deps), apiRoutes(deps), aliasRoutes(deps)]
  app.use('/api/v1', api)
  // The same without the prefix: `POST /cart` is what people try first.
  app.use(api)
  addProblemHandlers(app, instance.log)
  const { metrics, inbound } = instance
  return atTheDoor(app, { room, inbound, metrics, isBehindProxy: settings.TRUST_PROXY !== 0 })
}
