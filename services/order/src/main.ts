import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { sealOf } from '@lepton/shop/sealed-card'
import { createHttpApp } from '@lepton/common/http/app'
import { createListeners } from '@lepton/common/runtime/listeners'
import { runService } from '@lepton/common/service'
import { openStore, startEvents } from '@lepton/events/store'
import { createBacklog } from './backlog.ts'
import { countInProgress } from './store.ts'
import { readConfig } from './config.ts'
import { createPace } from './pace.ts'
import { createPrices } from './prices.ts'
import { startCoordinator } from './coordinator.ts'
import type { Deps } from './deps.ts'
import { orderSubscriptions } from './events.ts'
import type { OrderChanges } from './orders.ts'
import { opsOrderRoutes } from './ops.ts'
import { recordedEventRoutes } from './recorded-events.ts'
import { rebuildRoutes } from './rebuild-routes.ts'
import { startRebuilds } from './rebuild.ts'
import { orderRoutes } from './routes.ts'
import { transactionRoutes } from './transaction-routes.ts'
import { createTogether } from './together.ts'
import { createWatchers } from './watchers.ts'
import { startAntiEntropy, startDeadlines } from './timers.ts'

const settings = readConfig()

await runService('order', settings, async (instance) => {
  // Consul may be away by the first call.
  for (const called of ['cart', 'inventory', 'payment']) instance.mesh.watch(called)
  const store = await openStore(instance, settings, new URL('../migrations/', import.meta.url))
  const watchers = createWatchers(store.database, instance.log)
  const committed = createListeners<OrderChanges>()
  const anomalies = instance.metrics.counter({
    name: 'order_anomalies_total',
    help: 'Inputs the state table calls impossible',
  })
  const deps: Deps = {
    ...instance,
    ...store,
    prices: createPrices(instance.mesh, { maxAgeMs: settings.PRICE_MAX_AGE_MS }),
    sealCard: sealOf(settings.CARD_KEY_FILE, instance.log),
    paymentDeadlineMs: settings.ORDER_DEADLINE_MS,
    customerDeadlineMs: settings.ORDER_PAYMENT_WAIT_MS,
    twoPhaseDeadlineMs: settings.TWO_PHASE_DEADLINE_MS,
    branchTimeoutMs: settings.TWO_PHASE_BRANCH_TIMEOUT_MS,
    decisionWaitMs: settings.TWO_PHASE_WAIT_MS,
    limits: {
      maxOpenOrders: settings.ORDER_MAX_OPEN_PER_CUSTOMER,
      maxUnpaidUnits: settings.ORDER_MAX_UNPAID_UNITS_PER_CUSTOMER,
    },
    backlog: createBacklog(() => countInProgress(store.database), {
      min: settings.ORDER_MIN_IN_PROGRESS,
      max: settings.ORDER_MAX_IN_PROGRESS,
      slowMs: settings.ORDER_SLOW_MS,
    }),
    tries: createPace({
      min: settings.TWO_PHASE_MIN_IN_FLIGHT,
      max: settings.TWO_PHASE_MAX_IN_FLIGHT,
      slowMs: settings.TWO_PHASE_SLOW_MS,
    }),
    maxTriesPerCustomer: settings.TWO_PHASE_MAX_IN_FLIGHT_PER_CUSTOMER,
    together: createTogether({ ...store, committed, anomalies }),
    watchers,
    committed,
    anomalies,
  }
  const published = instance.metrics.counter({
    name: 'order_events_total',
    help: 'Events published',
    labelNames: ['event'],
  })
  deps.committed.add((changes) => {
    watchers.changed(changes.moved)
    for (const { type } of changes.published) published.inc({ event: type.type })
  })
  const coordinator = startCoordinator(deps)
  const rebuilds = startRebuilds(deps)
  const subscriptions = orderSubscriptions(deps)
  return {
    app: createHttpApp(instance, [
      ...orderRoutes(deps, coordinator),
      ...opsOrderRoutes(deps),
      ...transactionRoutes(deps, coordinator),
      ...recordedEventRoutes(deps),
      ...rebuildRoutes(deps, () => rebuilds.wake()),
      ...eventEndpoints('order', store.database, subscriptions),
    ]),
    parts: [
      ...startEvents(instance, settings, store, subscriptions),
      startDeadlines(deps),
      startAntiEntropy(deps),
      coordinator,
      rebuilds,
      watchers,
    ],
  }
})
