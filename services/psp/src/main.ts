import { join } from 'node:path'
import { createHttpApp } from '@lepton/common/http/app'
import { startOpsListener } from '@lepton/common/http/ops-listener'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { refuse } from '@lepton/shop/refuse'
import { closeServer, onStop, startServer } from '@lepton/common/http/server'
import { readConfig } from './config.ts'
import { openLedger } from './ledger-store.ts'
import { pspRoutes } from './routes.ts'
import { startWebhooks } from './webhooks.ts'

// The outside world: it knows nothing of Consul, Kafka, PostgreSQL or the shop's tokens.
const settings = readConfig()
const log = createLog({ service: 'psp', instance: settings.INSTANCE, level: settings.LOG_LEVEL })
const { WEBHOOK_URL: url, PSP_SECRET_FILE: secrets = [], WEBHOOK_TIMEOUT_MS: timeoutMs } = settings
const hasWebhooks = url !== undefined && secrets.length > 0
const ledger = openLedger(join(settings.STATE_DIR, 'ledger.sqlite'), { hasWebhooks })
const metrics = createMetrics({ service: 'psp' })
const deps = {
  log,
  metrics,
  verify: () => Promise.reject(refuse('unauthenticated', 'The processor takes no tokens.')),
  isReady: () => true,
  requestTimeoutMs: 120_000,
}
const { server, port } = await startServer(createHttpApp(deps, pspRoutes(ledger, log)), settings)
const ops = await startOpsListener({
  host: settings.OPS_HOST,
  port: settings.OPS_PORT,
  metrics,
  isReady: deps.isReady,
})
const webhooks = hasWebhooks
  ? startWebhooks({ postbox: ledger.postbox, url, secrets, timeoutMs, log })
  : undefined
onStop(settings, log, async () => {
  await webhooks?.stop()
  server.closeAllConnections()
  await closeServer(server)
  ledger.close()
  ops.server.closeAllConnections()
  await closeServer(ops.server)
})
log.info({ port, ops_port: ops.port }, 'ready')
