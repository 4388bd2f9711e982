import { answer, type Endpoint } from '@lepton/common/http/app'
import { type Caller, nameOf } from '@lepton/common/http/auth'
import { decodeCursor, encodeCursor, isCount, isInstant, isUuid } from '@lepton/common/runtime/cursor'
import { audit } from '@lepton/events/audit'
import {
  askOrderStatus,
  cancelOpsOrder,
  getOrderHead,
  getOrderVersions,
  listOpsOrders,
  refundOpsOrder,
} from '@lepton/contracts/ops-orders'
import { getOwnSagas, listAnomalies } from '@lepton/contracts/ops-sagas'
import { refuse } from '@lepton/shop/refuse'
import type { Deps } from './deps.ts'
import { decide, isSettled } from './domain.ts'
import { expectedOf } from './expected.ts'
import { versionsOf } from './history.ts'
import type { Order } from './order.ts'
import { record } from './record.ts'
import { accept, settle } from './settle.ts'
import type { Input } from './state-table.ts'
import { lockOrders } from './orders.ts'
import { listAll, listAnomalies as readAnomalies, listSteps } from './ops-store.ts'
import { findOrder, listRecorded } from './store.ts'

/** As many of them as a person can look at. */
const STUCK = { view: 'stuck', limit: 50 } as const

/** Orders of all customers, for operators. */
export function opsOrderRoutes(deps: Deps): Endpoint[] {
  const { database } = deps
  return [
    answer(listOpsOrders, async ({ query }) => {
      const { cursor } = query
      const [created_at, order_id] = cursor === undefined ? [] : decodeCursor(cursor, [isInstant, isUuid])
      const before = created_at === undefined ? undefined : { created_at, order_id: order_id! }
      const orders = await listAll(database, query, before)
      const last = orders.length === query.limit ? orders.at(-1) : undefined
      const next_cursor = last === undefined ? null : encodeCursor([last.created_at, last.order_id])
      return { status: 200, body: { items: orders.map(shown), next_cursor } }
    }),

    answer(getOwnSagas, async () => {
      const [steps, stuck] = await Promise.all([listSteps(database), listAll(database, STUCK, undefined)])
      return { status: 200, body: { steps, stuck: stuck.map(shown) } }
    }),

    answer(listAnomalies, async ({ query: { cursor, limit } }) => {
      const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, [isCount])[0])
      const items = await readAnomalies(database, before, limit)
      const last = items.length === limit ? items.at(-1) : undefined
      return {
        status: 200,
        body: { items, next_cursor: last === undefined ? null : encodeCursor([last.id]) },
      }
    }),

    answer(getOrderHead, async ({ params: { order_id } }) => {
      const order = await findOrder(database, order_id)
      if (order === undefined) throw noOrder()
      const body = {
        ...shown(order),
        expected: expectedOf(order),
        allowed: {
          cancel: mayBe(order, 'customer_cancels'),
          refund: mayBe(order, 'customer_wants_refund'),
          ask_status: !isSettled(order),
        },
      }
      return { status: 200, body }
    }),

    answer(getOrderVersions, async ({ params: { order_id } }) => {
      const items = versionsOf(await listRecorded(database, order_id))
      if (items.length === 0) throw noOrder()
      return { status: 200, body: { items } }
    }),

    answer(cancelOpsOrder, ({ params: { order_id }, body: { reason }, caller }) =>
      onBehalf(deps, order_id, 'customer_cancels', { caller, reason }),
    ),
    answer(refundOpsOrder, ({ params: { order_id }, body: { reason }, caller }) =>
      onBehalf(deps, order_id, 'customer_wants_refund', { caller, reason }),
    ),

    answer(askOrderStatus, ({ params: { order_id }, body: { reason }, caller }) =>
      database.inTransaction(async (tx) => {
        const changes = await lockOrders(tx, [order_id])
        const order = changes.orders.get(order_id)
        if (order === undefined) throw noOrder()
        if (isSettled(order))
          throw refuse('order-settled', `The order is ${order.status}: nothing is waited for.`)
        changes.requestStatus(order)
        record(tx, changes, deps)
        const done = { action: 'ask status', target: `order ${order_id}`, result: 'asked' }
        audit(tx, { who: nameOf(caller), reason }, done)
        return accept(order, 202)
      }),
    ),
  ]
}

async function onBehalf(
  deps: Deps,
  orderId: string,
  name: Input['name'],
  { caller, reason }: { caller: Caller; reason: string },
) {
  const who = nameOf(caller)
  const action = name === 'customer_cancels' ? 'cancel' : 'refund'
  const reply = await settle(deps, orderId, {
    name,
    owns: () => true,
    note: (tx, result) => audit(tx, { who, reason }, { action, target: `order ${orderId}`, result }),
  })
  if (reply === undefined) throw noOrder()
  return reply
}

function mayBe(order: Order, name: Input['name']): boolean {
  return decide(order, { kind: 'asked', name }).kind === 'change'
}

function shown(order: Order) {
  return { ...order, waits_for: expectedOf(order)[0] ?? null }
}

function noOrder() {
  return refuse('not-found', 'There is no such order; it may have been accepted a moment ago.')
}
