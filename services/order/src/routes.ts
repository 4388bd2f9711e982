import { ask } from '@lepton/common/http/ask'
import type { Asker } from '@lepton/common/http/admit'
import { decodeCursor, encodeCursor, isInstant, isUuid } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint, overloaded } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { partsOf } from '@lepton/shop/incomplete'
import { orderIdOf } from '@lepton/shop/order-id'
import { idempotently } from '@lepton/events/idempotency'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { Refusal } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import { amountOf, CURRENCY, type Line, unitsOf } from '@lepton/contracts/fields'
import { ROOM_HEADER } from '@lepton/contracts/order'
import {
  cancelOrder,
  checkAdmission,
  getOrder,
  getOrderHistory,
  getRoom,
  listOrders,
  placeOrder,
  refundOrder,
  streamOrder,
} from '@lepton/contracts/order-routes'
import { getCheckout, listCheckouts } from '@lepton/contracts/cart-routes'

import { refusalFor, refuseTooManyOpen } from './admission.ts'
import { auditEndpoint } from './audit.ts'
import type { Coordinator } from './coordinator.ts'
import type { Deps } from './deps.ts'
import { isSettled } from './domain.ts'
import { type AsOf, factsUntil, foldOf } from './history.ts'
import type { Order } from './order.ts'
import { placeOrder as place } from './place.ts'
import { record } from './record.ts'
import { accept, settle } from './settle.ts'
import type { Input } from './state-table.ts'
import { streamOrder as sendOrder } from './stream.ts'
import { lockOrders } from './orders.ts'
import {
  countOpen,
  findOrder,
  listFacts,
  listKnown,
  listRecorded,
  listOrders as listStoredOrders,
} from './store.ts'

/** For our own answer to arrive while the caller still listens. */
const ANSWER_MS = 200

export function orderRoutes(deps: Deps, coordinator: Pick<Coordinator, 'decided' | 'isFull'>): Endpoint[] {
  const { database } = deps
  return [
    auditEndpoint(database),
    answer(placeOrder, async ({ body, caller, idempotencyKey: key, path }) => {
      if (deps.backlog.isFull()) throw overloaded()
      if (body.mode === 'two_phase' && coordinator.isFull(caller.subject)) throw overloaded()
      refuseDuplicates(body.lines)
      if (body.mode === 'two_phase' && body.payment_token === undefined) throw refuseWithoutToken()
      const lines = await deps.prices.complete(body.lines)
      const order_id = orderIdOf(caller.subject, path, key)
      const request = { owner: caller.subject, route: path, key, body }
      const reply = await idempotently(database, request, async (tx) => {
        const changes = await lockOrders(tx, [order_id])
        const existing = changes.orders.get(order_id)
        if (existing !== undefined) return acceptAgain(existing, { lines, mode: body.mode })
        const wanted = { units: unitsOf(lines), isPaid: body.payment_token !== undefined }
        await refuseTooManyOpen(tx, caller.subject, wanted, deps.limits)
        const accepted = {
          order_id,
          customer_id: caller.subject,
          mode: body.mode,
          lines,
          amount_minor: amountOf(lines),
          currency: CURRENCY,
          payment_token:
            body.payment_token === undefined ? null : deps.sealCard(body.payment_token, order_id),
        }
        place(changes, accepted, deps, undefined)
        record(tx, changes, deps)
        tx.afterCommit(() => deps.backlog.took())
        return accept({ order_id, status: 'PLACED' }, 202)
      })
      const isDecidedSoon = body.mode === 'two_phase'
      return withRoom(isDecidedSoon ? await showDecision(deps, coordinator, order_id, reply) : reply, deps)
    }),

    answer(getRoom, () => Promise.resolve({ status: 200, body: { orders: deps.backlog.room() ?? null } })),

    answer(checkAdmission, async ({ body: { units, is_paid: isPaid }, caller }) => {
      if (deps.backlog.isFull()) throw overloaded()
      const refusal = refusalFor(await countOpen(database, caller.subject), { units, isPaid }, deps.limits)
      if (refusal !== undefined) throw refusal
      return { status: 204 }
    }),

    answer(listOrders, async ({ caller, query: { cursor, limit } }) => {
      const before = cursor === undefined ? undefined : positionOf(cursor)
      // Asked in this order: a checkout that becomes an order in between is then among the orders.
      const checkouts =
        before === undefined ? await pendingCheckouts(deps, caller) : { items: [], incomplete: [] }
      const orders = await listStoredOrders(database, caller.subject, before, limit)
      const listed = new Set(orders.map(({ order_id }) => order_id))
      const pending = checkouts.items.filter(({ order_id }) => !listed.has(order_id))
      const last = orders.at(-1)
      return {
        status: 200,
        body: {
          items: [...pending, ...orders],
          incomplete: checkouts.incomplete,
          next_cursor:
            orders.length < limit || last === undefined
              ? null
              : encodeCursor([last.created_at, last.order_id]),
        },
      }
    }),

    answer(getOrder, async ({ params, query, caller }) => {
      const order = await findOrder(database, params.order_id)
      const isMine = order?.customer_id === caller.subject
      const body = isMine ? order : await findSubmitted(deps, params.order_id, caller)
      if (query.version === undefined && query.at === undefined) return { status: 200, body }
      return { status: 200, body: foldOf(await factsAsOf(deps, params.order_id, isMine, query)) }
    }),

    answer(streamOrder, async ({ params: { order_id }, caller, req }) => {
      const order = await findOrder(database, order_id)
      const isMine = order?.customer_id === caller.subject
      const submitted = isMine ? undefined : await findSubmitted(deps, order_id, caller)
      const seen = Number(req.get('last-event-id') ?? 0)
      // What a browser takes for "do not come back".
      if (isMine && isSettled(order) && order.version === seen) return { status: 204 }
      return { status: 200, stream: (out) => sendOrder(deps, { order_id, submitted }, seen, out) }
    }),

    answer(getOrderHistory, async ({ params, caller }) => {
      const order = await findOrder(database, params.order_id)
      if (order?.customer_id !== caller.subject) {
        await findSubmitted(deps, params.order_id, caller)
        return { status: 200, body: { items: [] } }
      }
      return { status: 200, body: { items: await listFacts(database, order.order_id) } }
    }),

    answer(cancelOrder, ({ params, caller }) => settleOwn(deps, params.order_id, caller, 'customer_cancels')),
    answer(refundOrder, ({ params, caller }) =>
      settleOwn(deps, params.order_id, caller, 'customer_wants_refund'),
    ),
  ]
}

/** For the gateway, which then refuses what would be refused here. */
function withRoom(reply: Reply, { backlog }: Deps): Reply {
  const room = backlog.room()
  return room === undefined ? reply : { ...reply, headers: { ...reply.headers, [ROOM_HEADER]: String(room) } }
}

/** The status a two-phase order has by now. The decision comes within a moment, and the answer waits for it no longer than that. */
async function showDecision(
  { database, decisionWaitMs }: Deps,
  coordinator: Pick<Coordinator, 'decided' | 'isFull'>,
  order_id: string,
  reply: Reply,
): Promise<Reply> {
  const patienceMs = (remainingMs() ?? Number.POSITIVE_INFINITY) - ANSWER_MS
  await coordinator.decided(order_id, Math.min(decisionWaitMs, patienceMs))
  const order = await findOrder(database, order_id)
  return { ...reply, body: { order_id, status: order!.status } }
}

/** @throws Refusal `not-found` for an order that had not begun by then, or has not come so far */
async function factsAsOf({ database }: Deps, orderId: string, isMine: boolean, asOf: AsOf) {
  const all = isMine ? await listRecorded(database, orderId) : []
  const facts = factsUntil(all, asOf)
  if (facts.length > 0) return facts
  throw refuse(
    'not-found',
    asOf.version === undefined
      ? `The order was not there at ${asOf.at}: it began at ${all[0]?.at ?? 'no instant yet'}.`
      : `The order has ${all.length} versions, and none is ${asOf.version}.`,
  )
}

/** What a customer decides about an order of his own. */
async function settleOwn(deps: Deps, orderId: string, caller: Asker, name: Input['name']): Promise<Reply> {
  const owns = ({ customer_id }: Order) => customer_id === caller.subject
  const reply = await settle(deps, orderId, { name, owns })
  if (reply !== undefined) return reply
  await findSubmitted(deps, orderId, caller)
  throw refuse('order-not-ready', 'The order was accepted a moment ago and is not placed yet.', {
    retryAfterS: 1,
  })
}

/** The order between its 202 and its stream: what the cart service has accepted. */
async function findSubmitted({ mesh }: Deps, order_id: string, { as }: Asker) {
  return ask(mesh, getCheckout, { params: { order_id }, as }).catch((error: unknown) => {
    const isUnknown = error instanceof Refusal && error.slug === 'not-found'
    throw isUnknown ? refuse('not-found', 'You have no such order.') : error
  })
}

/** What the cart service has accepted and is no order yet. While it is away the list goes without, and says so. */
async function pendingCheckouts({ mesh, database }: Deps, { as }: Asker) {
  const { parts, incomplete } = await partsOf(['cart'], () => ask(mesh, listCheckouts, { as }))
  const items = parts.get('cart')?.items ?? []
  const ids = items.map(({ order_id }) => order_id)
  const known = ids.length === 0 ? new Set() : await listKnown(database, ids)
  return { items: items.filter(({ order_id }) => !known.has(order_id)), incomplete }
}

/** The stored answer is gone after a week, the order is not: the same request is still the same order. */
function acceptAgain(order: Order, { lines, mode }: Pick<Order, 'lines' | 'mode'>): Reply {
  const same = (line: Line, index: number) =>
    line.item_id === order.lines[index]?.item_id && line.quantity === order.lines[index].quantity
  if (mode !== order.mode || lines.length !== order.lines.length || !lines.every(same)) {
    throw refuse('idempotency-key-reused', 'This key belongs to an earlier order of other content.')
  }
  return accept(order, 202)
}

function refuseWithoutToken(): Refusal {
  return refuse('payment-token-missing', 'payment_token is required when mode is two_phase.', {
    errors: [{ pointer: '/payment_token', detail: 'is missing' }],
  })
}

function refuseDuplicates(lines: readonly { item_id: string }[]): void {
  const seen = new Set<string>()
  const errors = lines.flatMap(({ item_id }, index) => {
    if (!seen.has(item_id)) {
      seen.add(item_id)
      return []
    }
    return [{ pointer: `/lines/${index}/item_id`, detail: `${item_id} has a line already` }]
  })
  if (errors.length > 0) throw refuse('duplicate-lines', 'Each item may appear in one line only.', { errors })
}

function positionOf(cursor: string): { created_at: string; order_id: string } {
  const [created_at, order_id] = decodeCursor(cursor, [isInstant, isUuid])
  return { created_at: created_at!, order_id: order_id! }
}
