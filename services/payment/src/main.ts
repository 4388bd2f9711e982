import { startBarrierSweep } from '@lepton/events/tcc/barrier-rows'
import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { openOf } from '@lepton/shop/sealed-card'
import { createHttpApp } from '@lepton/common/http/app'
import { createListeners } from '@lepton/common/runtime/listeners'
import { runService } from '@lepton/common/service'
import { openStore, startEvents } from '@lepton/events/store'
import { readConfig } from './config.ts'
import { createAnswers } from './answers.ts'
import { branchRoutes } from './branches.ts'
import type { Deps } from './deps.ts'
import { paymentSubscriptions } from './events.ts'
import { opsRoutes } from './ops.ts'
import { createPspClient } from './psp-client.ts'
import { paymentRoutes } from './routes.ts'
import { startTasks } from './tasks.ts'
import { startWebhookSweep, webhookRoutes } from './webhooks.ts'

const settings = readConfig()

await runService('payment', settings, async (instance) => {
  // Consul may be away by the first call.
  instance.mesh.watch('order')
  const store = await openStore(instance, settings, new URL('../migrations/', import.meta.url))
  const deps: Deps = {
    ...instance,
    ...store,
    openCard: openOf(settings.CARD_PRIVATE_KEY_FILE),
    psp: createPspClient({
      url: settings.PSP_URL,
      timeoutMs: settings.PSP_TIMEOUT_MS,
      maxRetryAfterMs: settings.PSP_MAX_RETRY_AFTER_MS,
      connections: settings.PSP_MAX_IN_FLIGHT,
    }),
    places: {
      maxInFlight: settings.PSP_MAX_IN_FLIGHT,
      maxPerCustomer: settings.PSP_MAX_IN_FLIGHT_PER_CUSTOMER,
    },
    answers: createAnswers(),
    webhookSecrets: settings.PSP_SECRET_FILE,
    webhookToleranceMs: settings.WEBHOOK_TOLERANCE_MS,
    anomalies: instance.metrics.counter({
      name: 'payment_anomalies_total',
      help: 'Decisions that do not fit the payment',
    }),
    tasksMade: createListeners(),
    tasksDue: createListeners(),
  }
  const subscriptions = paymentSubscriptions(deps)
  return {
    app: createHttpApp(instance, [
      ...webhookRoutes(deps),
      ...paymentRoutes(deps),
      ...branchRoutes(deps),
      ...opsRoutes(deps),
      ...eventEndpoints('payment', store.database, subscriptions),
    ]),
    parts: [
      ...startEvents(instance, settings, store, subscriptions),
      startBarrierSweep(store.database, instance.log),
      startWebhookSweep(store.database, instance.log),
      startTasks(deps),
    ],
  }
})
