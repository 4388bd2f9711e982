import { ROUTES } from '@lepton/contracts/routes'
import { createVerifier } from '@lepton/common/auth'
import { addProblemHandlers, createBareApp } from '@lepton/common/http'
import type { Instance } from '@lepton/common/service'
import { readFile } from 'node:fs/promises'
import type { Express } from 'express'
import helmet from 'helmet'
import { aliasRoutes } from './aliases.ts'
import type { Settings } from './config.ts'
import { createIdentity, SESSION_AUDIENCE } from './identity.ts'
import { limitAddress } from './limits.ts'
import { pageRoutes } from './pages.ts'
import { apiRoutes, type GatewayDeps, webhookRoute } from './routes.ts'

/** The one entrance: who asks, how often, and which service answers. It owns no data and decides nothing. */
export function createGatewayApp(instance: Instance, settings: Settings): Express {
  const deps: GatewayDeps = {
    mesh: instance.mesh,
    identity: createIdentity({
      signer: instance.signer,
      verify: instance.verify,
      verifySession: createVerifier({ jwksFile: settings.JWKS_FILE, audience: SESSION_AUDIENCE }),
      demoFrom: settings.LEPTON_ENV === 'development' ? settings.DEMO_FROM : undefined,
    }),
    operatorSecret: settings.OPERATOR_SECRET_FILE,
    subjectLimitPerMinute: settings.RATE_LIMIT_PER_MINUTE,
    sessionLimitPerMinute: settings.SESSION_LIMIT_PER_MINUTE,
    webhookLimitPerMinute: settings.WEBHOOK_LIMIT_PER_MINUTE,
    upstreamTimeoutMs: settings.UPSTREAM_TIMEOUT_MS,
  }
  for (const owner of new Set(ROUTES.map((route) => route.owner))) {
    if (owner !== 'gateway') instance.mesh.watch(owner)
  }
  const app = createBareApp(instance)
  app.use(helmet({ contentSecurityPolicy: false }))
  // Before the limit of addresses: a processor next door must not use up what its neighbours may ask.
  app.use('/api/v1', webhookRoute(deps))
  app.use(limitAddress(settings.ADDRESS_LIMIT_PER_MINUTE))
  app.use(pageRoutes(() => readFile(settings.JWKS_FILE, 'utf8')))
  const api = [apiRoutes(deps), aliasRoutes(deps)]
  app.use('/api/v1', api)
  // The same without the prefix: `POST /cart` is what people try first.
  app.use(api)
  addProblemHandlers(app, instance.log)
  return app
}
