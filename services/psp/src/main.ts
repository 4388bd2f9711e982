import { join } from 'node:path'
import { createHttpApp } from '@lepton/common/http'
import { createLog } from '@lepton/common/log'
import { createMetrics } from '@lepton/common/metrics'
import { refuse } from '@lepton/common/problem'
import { closeServer, onStop, startServer } from '@lepton/common/server'
import { readConfig } from './config.ts'
import { openLedger } from './ledger.ts'
import { pspRoutes } from './routes.ts'
import { startWebhooks } from './webhooks.ts'

// The outside world: it knows nothing of Consul, Kafka, PostgreSQL or the shop's tokens.
const settings = readConfig()
const log = createLog({ service: 'psp', instance: settings.INSTANCE, level: settings.LOG_LEVEL })
const { WEBHOOK_URL: url, PSP_SECRET_FILE: secrets = [], WEBHOOK_TIMEOUT_MS: timeoutMs } = settings
const hasWebhooks = url !== undefined && secrets.length > 0
const ledger = openLedger(join(settings.STATE_DIR, 'ledger.sqlite'), { hasWebhooks })
const deps = {
  log,
  metrics: createMetrics({ service: 'psp' }),
  verify: () => Promise.reject(refuse('unauthenticated', 'The processor takes no tokens.')),
  isReady: () => true,
  requestTimeoutMs: 120_000,
}
const { server, port } = await startServer(createHttpApp(deps, pspRoutes(ledger)), settings)
const webhooks = hasWebhooks
  ? startWebhooks({ postbox: ledger.postbox, url, secrets, timeoutMs, log })
  : undefined
onStop(settings, log, async () => {
  await webhooks?.stop()
  server.closeAllConnections()
  await closeServer(server)
  ledger.close()
})
log.info({ port }, 'ready')
