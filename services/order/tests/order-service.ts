import { newId } from '@lepton/common/runtime/id'
import { createListeners } from '@lepton/common/runtime/listeners'
import {
  cancelPayment,
  cancelStock,
  confirmPayment,
  confirmStock,
  tryPayment,
  tryStock,
} from '@lepton/contracts/branches'
import { CartCheckedOut } from '@lepton/contracts/cart'
import { amountOf, type Line, type Mode } from '@lepton/contracts/fields'
import type { Order } from '@lepton/contracts/order'
import { getCheckout, listCheckouts } from '@lepton/contracts/cart-routes'
import { listProducts } from '@lepton/contracts/inventory-routes'
import { createCards } from '@lepton/testing/cards'
import { eventRecord, freshKey, line } from '@lepton/testing/builders'
import { type ServiceUnderTest, useService } from '@lepton/testing/harness'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { createBacklog } from '../src/backlog.ts'
import { countInProgress } from '../src/store.ts'
import { startCoordinator } from '../src/coordinator.ts'
import type { Deps } from '../src/deps.ts'
import { orderSubscriptions } from '../src/events.ts'
import { opsOrderRoutes } from '../src/ops.ts'
import { recordedEventRoutes } from '../src/recorded-events.ts'
import { transactionRoutes } from '../src/transaction-routes.ts'
import { rebuildRoutes } from '../src/rebuild-routes.ts'
import { startRebuilds } from '../src/rebuild.ts'
import { orderRoutes } from '../src/routes.ts'
import type { OrderChanges } from '../src/orders.ts'
import { createPace } from '../src/pace.ts'
import { createPrices } from '../src/prices.ts'
import { recoverDue } from '../src/settle-phase.ts'
import { createTogether } from '../src/together.ts'
import { createWatchers } from '../src/watchers.ts'

/** The payment service's keys for cards. */
export const cards = createCards()

const CATALOGUE = [line('espresso-beans', 1, 1_250), line('moka-pot', 1, 3_900)]

export interface OrderService extends ServiceUnderTest {
  deps: Deps
  anomalies(): number
  /** The other services as they are on an ordinary day: the catalogue is there, no checkout is pending. */
  ordinaryDay(): void
  /** Inventory and payment do what a coordinator asks. */
  branchesAgree(): void
  /** Carries out the second phase of what is due, as the process does that finds it. */
  recoverDue(): Promise<void>
  place(customer: Person, body?: object, headers?: Record<string, string>): Promise<string>
  order(customer: Person, orderId: string): Promise<Order>
}

/** The order service for the tests of one file; where it is not coordinated, they take the steps of two phases themselves. */
export function useOrderService({ isCoordinated = false } = {}): OrderService {
  let anomalies = 0
  const service = useService('order', (instance) => {
    const watchers = createWatchers(instance.database, instance.log)
    const committed = createListeners<OrderChanges>()
    const counted = { inc: (count: number) => void (anomalies += count) }
    const deps: Deps = {
      ...instance,
      prices: createPrices(instance.mesh, { maxAgeMs: 0 }),
      sealCard: cards.seal,
      watchers,
      paymentDeadlineMs: 120_000,
      customerDeadlineMs: 600_000,
      twoPhaseDeadlineMs: 8_000,
      branchTimeoutMs: 2_000,
      decisionWaitMs: 3_000,
      limits: { maxOpenOrders: 40, maxUnpaidUnits: 100 },
      backlog: createBacklog(() => countInProgress(instance.database), {
        min: 64,
        max: 500,
        slowMs: 250,
      }),
      tries: createPace({ min: 4, max: 4, slowMs: 250 }),
      maxTriesPerCustomer: 2,
      together: createTogether({ ...instance, committed, anomalies: counted }),
      committed,
      anomalies: counted,
    }
    Object.assign(service, { deps })
    deps.committed.add(({ moved }) => watchers.changed(moved))
    const rebuilds = startRebuilds(deps)
    const coordinator = isCoordinated ? startCoordinator(deps) : undefined
    return {
      endpoints: [
        ...orderRoutes(deps, coordinator ?? { decided: () => Promise.resolve(), isFull: () => false }),
        ...opsOrderRoutes(deps),
        ...transactionRoutes(deps, coordinator ?? { settle: () => Promise.resolve() }),
        ...recordedEventRoutes(deps),
        ...rebuildRoutes(deps, () => rebuilds.wake()),
      ],
      subscriptions: orderSubscriptions(deps),
      parts: [watchers, rebuilds, ...(coordinator === undefined ? [] : [coordinator])],
    }
  })
  const withDeps = service as ServiceUnderTest & { deps: Deps }
  return Object.assign(withDeps, {
    anomalies: () => anomalies,
    ordinaryDay: () => {
      service.mesh.answer(listProducts, ({ query }) => productPage(query.get('product_ids') ?? ''))
      service.mesh.answer(getCheckout, () => problemAnswer('not-found'))
      service.mesh.answer(listCheckouts, () => ({ status: 200, body: { items: [] } }))
    },
    branchesAgree: () => {
      const state = (name: string) => () => ({ status: 200, body: { order_id: newId(), state: name } })
      service.mesh.answer(tryStock, state('HELD'))
      service.mesh.answer(tryPayment, state('AUTHORIZED'))
      service.mesh.answer(confirmStock, state('COMMITTED'))
      service.mesh.answer(confirmPayment, state('CAPTURING'))
      service.mesh.answer(cancelStock, state('RELEASED'))
      service.mesh.answer(cancelPayment, state('VOIDED'))
    },
    recoverDue: async () => {
      await Promise.all(await recoverDue(withDeps.deps, 100, () => undefined))
    },
    place: async (customer: Person, body: object = {}, headers: Record<string, string> = {}) => {
      const lines = [{ item_id: 'espresso-beans', quantity: 2 }]
      const request = { lines, payment_token: 'tok_approved', ...body }
      const answer = await customer.post<{ order_id: string }>('/orders', request, {
        key: freshKey(),
        headers,
      })
      if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
      return answer.body.order_id
    },
    order: async (customer: Person, orderId: string) =>
      (await customer.get<Order>(`/orders/${orderId}`)).body,
  })
}

export function productPage(productIds: string) {
  const items = CATALOGUE.filter(({ item_id }) => productIds.split(',').includes(item_id)).map(
    ({ item_id, name, unit_price_minor }) => ({
      product_id: item_id,
      name,
      description: name,
      category: 'coffee',
      price_minor: unit_price_minor,
      currency: 'EUR',
      available: 10,
    }),
  )
  return { status: 200, body: { items, next_cursor: null } }
}

/** A checkout as the cart service publishes it. */
export function checkedOut(
  customer_id: string,
  lines: Line[] = [line()],
  payment_token: string | null = 'tok_approved',
  mode: Mode = 'saga',
) {
  const order_id = newId()
  const cart_id = newId()
  const data = {
    order_id,
    customer_id,
    cart_id,
    lines,
    amount_minor: amountOf(lines),
    currency: 'EUR' as const,
    payment_token,
    mode,
  }
  return { order_id, record: eventRecord(CartCheckedOut, cart_id, 1, data) }
}
