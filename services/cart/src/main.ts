import { eventEndpoints } from '@lepton/shop/event-endpoints'
import { createHttpApp } from '@lepton/common/http/app'
import { runService } from '@lepton/common/service'
import { openStore, startEvents } from '@lepton/events/store'
import { startTimer } from '@lepton/common/runtime/timer'
import { readConfig } from './config.ts'
import { cartRoutes } from './routes.ts'
import { deleteIdleCarts, findCartOf } from './store.ts'

const IDLE_CARTS = { batch: 1_000, everyMs: 3_600_000 }

const settings = readConfig()

await runService('cart', settings, async (instance) => {
  const store = await openStore(instance, settings, new URL('../migrations/', import.meta.url))
  const sweep = async () => (await deleteIdleCarts(store.database, IDLE_CARTS.batch)) === IDLE_CARTS.batch
  const deps = { ...instance, ...store, decisionWaitMs: settings.TWO_PHASE_WAIT_MS }
  return {
    app: createHttpApp(instance, [
      ...cartRoutes(deps),
      ...eventEndpoints('cart', store.database, [], (orderId) => findCartOf(store.database, orderId)),
    ]),
    parts: [
      ...startEvents(instance, settings, store, []),
      startTimer('idle carts', IDLE_CARTS.everyMs, sweep, instance.log),
    ],
  }
})
