import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { sealOf } from '@lepton/shop/sealed-card'
import { createHttpApp } from '@lepton/common/http/app'
import { runService } from '@lepton/common/service'
import { openStore, startEvents } from '@lepton/events/store'
import { startSweep } from '@lepton/common/runtime/timer'
import { readConfig } from './config.ts'
import { cartRoutes } from './routes.ts'
import { deleteIdleCarts, findCartOf } from './store.ts'

const settings = readConfig()

await runService('cart', settings, async (instance) => {
  // Consul may be away by the first call.
  for (const called of ['inventory', 'order']) instance.mesh.watch(called)
  const store = await openStore(instance, settings, new URL('../migrations/', import.meta.url))
  const sealCard = sealOf(settings.CARD_KEY_FILE, instance.log)
  const deps = { ...instance, ...store, sealCard, decisionWaitMs: settings.TWO_PHASE_WAIT_MS }
  return {
    app: createHttpApp(instance, [
      ...cartRoutes(deps),
      ...eventEndpoints('cart', store.database, [], (orderId) => findCartOf(store.database, orderId)),
    ]),
    parts: [
      ...startEvents(instance, settings, store, []),
      startSweep('idle carts', (limit) => deleteIdleCarts(store.database, limit), instance.log),
    ],
  }
})
