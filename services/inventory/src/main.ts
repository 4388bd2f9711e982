import { startBarrierSweep } from '@lepton/events/tcc/barrier-rows'
import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { createHttpApp } from '@lepton/common/http/app'
import { runService } from '@lepton/common/service'
import { openStore, startEvents } from '@lepton/events/store'
import { branchRoutes } from './branches.ts'
import { readConfig } from './config.ts'
import type { Deps } from './deps.ts'
import { inventorySubscriptions } from './events.ts'
import { inventoryRoutes } from './routes.ts'
import { startOverdueQuestions } from './timers.ts'

const settings = readConfig()

await runService('inventory', settings, async (instance) => {
  const store = await openStore(instance, settings, new URL('../migrations/', import.meta.url))
  const deps: Deps = {
    ...instance,
    ...store,
    anomalies: instance.metrics.counter({
      name: 'inventory_anomalies_total',
      help: 'Decisions that do not fit the reservation',
    }),
  }
  const subscriptions = inventorySubscriptions(deps)
  return {
    app: createHttpApp(instance, [
      ...inventoryRoutes(deps),
      ...branchRoutes(deps),
      ...eventEndpoints('inventory', store.database, subscriptions),
    ]),
    parts: [
      ...startEvents(instance, settings, store, subscriptions),
      startOverdueQuestions(deps),
      startBarrierSweep(store.database, instance.log),
    ],
  }
})
