import { ask } from '@lepton/common/http/ask'
import type { Asker } from '@lepton/common/http/admit'
import type { Caller } from '@lepton/common/http/auth'
import { answer, type Endpoint } from '@lepton/common/http/app'
import { idempotently } from '@lepton/events/idempotency'
import { refuse } from '@lepton/shop/refuse'
import { getOrder } from '@lepton/contracts/order-routes'
import { getPayment, payOrder } from '@lepton/contracts/payment-routes'
import { auditEndpoint } from './audit.ts'
import type { Deps } from './deps.ts'
import { onToken, type Payment } from './domain.ts'
import { lockPayments } from './payments.ts'
import { findShown, type Moved, NOTHING_MOVED } from './store.ts'

export function paymentRoutes(deps: Deps): Endpoint[] {
  const { database, outbox, tasksMade } = deps
  return [
    auditEndpoint(deps),
    answer(payOrder, async ({ body, caller, idempotencyKey: key, path }) => {
      const { order_id, payment_token } = body
      const known = await findOwn(deps, order_id, caller)
      if (known === undefined) await requirePlaced(deps, order_id, caller)
      return idempotently(database, { owner: caller.subject, route: path, key, body }, async (tx) => {
        const changes = await lockPayments(tx, [order_id])
        const payment = changes.payment(order_id)
        refuseSettled(payment)
        changes.carryOut(onToken({ ...payment, customer_id: caller.subject }, payment_token), undefined)
        changes.store(tx, outbox)
        tasksMade.notify({ tx, count: changes.newTasks })
        return {
          status: 202,
          // Nothing was moved yet: a payment that has a card is refused above.
          body: { ...changes.payment(order_id), ...NOTHING_MOVED },
          headers: { location: `/api/v1/payments/${order_id}` },
        }
      })
    }),

    answer(getPayment, async ({ params, caller }) => {
      const payment = await findOwn(deps, params.order_id, caller)
      if (payment !== undefined) return { status: 200, body: payment }
      const order = await ask(deps.mesh, getOrder, { params, as: caller.as })
      return {
        status: 200,
        body: {
          order_id: order.order_id,
          state: 'NONE',
          amount_minor: order.amount_minor,
          currency: order.currency,
          ...NOTHING_MOVED,
          updated_at: order.created_at,
        },
      }
    }),
  ]
}

/** The payment of the caller's order; undefined where this service has not heard of the order yet. */
async function findOwn(
  { database }: Deps,
  orderId: string,
  { subject }: Caller,
): Promise<(Payment & Moved) | undefined> {
  const payment = await findShown(database, orderId)
  if (payment === undefined || payment.customer_id === null) return undefined
  if (payment.customer_id !== subject) throw refuse('not-found', 'You have no such order.')
  return payment
}

/** An order that only its own service knows so far: it must be the caller's, and placed. */
async function requirePlaced({ mesh }: Deps, order_id: string, { as }: Asker): Promise<void> {
  const { status, mode } = await ask(mesh, getOrder, { params: { order_id }, as })
  if (mode === 'two_phase') throw refuse('payment-settled', 'A card was given with the order.')
  if (status === 'SUBMITTED') {
    throw refuse('order-not-ready', 'The order was accepted a moment ago and is not placed yet.', {
      retryAfterS: 1,
    })
  }
}

function refuseSettled({ state, payment_token, cancelled }: Payment): void {
  if (cancelled) throw refuse('payment-settled', 'The order was cancelled.')
  if (payment_token !== null) {
    throw refuse('payment-settled', `A card was given for this order already; its payment is ${state}.`)
  }
}
