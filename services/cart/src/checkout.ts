import type { Caller } from '@lepton/common/auth'
import type { Reply } from '@lepton/common/http'
import { orderIdOf } from '@lepton/common/id'
import { idempotently } from '@lepton/common/idempotency'
import { refuse, Unavailable } from '@lepton/common/problem'
import { CartCheckedOut, type Checkout } from '@lepton/contracts/cart'
import { amountOf, CURRENCY } from '@lepton/contracts/fields'
import type { z } from 'zod'
import { decidedStatus } from './decision.ts'
import type { Deps } from './deps.ts'
import { type Cart, reprice, staleItems } from './domain.ts'
import { pricesOf } from './prices.ts'
import { findCheckout, findOpenCart, insertCheckout, lockOpenCart, updateCart } from './store.ts'

interface Request {
  body: z.infer<typeof Checkout>
  caller: Caller
  idempotencyKey: string
  path: string
}

/**
 * Closes the cart and publishes it as `cart.checked_out.v1`, in one transaction with the answer. After
 * the 202 the order will exist: the order service makes it from the event and never refuses.
 */
export async function checkOut(
  deps: Deps,
  { body, caller, idempotencyKey: key, path }: Request,
): Promise<Reply> {
  const { database, mesh, outbox } = deps
  refuseWithoutToken(body)
  const customer_id = caller.subject
  const seen = await findOpenCart(database, customer_id)
  const prices = await pricesOf(mesh, seen === undefined ? [] : staleItems(seen, Date.now()))
  const order_id = orderIdOf(customer_id, path, key)

  const reply = await idempotently(database, { owner: customer_id, route: path, key, body }, async (tx) => {
    // The stored answer is swept after a week; the checkout it answered is not.
    if ((await findCheckout(tx, order_id, customer_id)) !== undefined) return accept(order_id)
    const cart = reprice(await lockOpenCart(tx, customer_id), prices)
    if (cart.lines.length === 0)
      throw refuse('cart-empty', 'Put something into the cart first: POST /api/v1/cart.')
    refuseStale(cart)
    const lines = cart.lines.map(({ priced_at: _pricedAt, ...line }) => line)
    const order = {
      order_id,
      cart_id: cart.cart_id,
      customer_id,
      mode: body.mode,
      lines,
      amount_minor: amountOf(lines),
      currency: CURRENCY,
    }
    updateCart(tx, { ...cart, state: 'CHECKED_OUT', version: cart.version + 1 })
    insertCheckout(tx, order)
    const data = { ...order, payment_token: body.payment_token ?? null }
    outbox.emit(tx, [{ type: CartCheckedOut, key: cart.cart_id, sequence: 1, data, cause: undefined }])
    return accept(order_id)
  })
  if (body.mode !== 'two_phase') return reply
  return { ...reply, body: { order_id, status: await decidedStatus(deps, order_id, caller) } }
}

function refuseWithoutToken({ mode, payment_token }: Request['body']): void {
  if (mode !== 'two_phase' || payment_token !== undefined) return
  throw refuse('payment-token-missing', 'An order in two phases is paid as it is placed.', {
    errors: [{ pointer: '/payment_token', detail: 'is missing' }],
  })
}

/** A line came in between at an old price, or its product left the catalogue. */
function refuseStale(cart: Cart): void {
  const stale = staleItems(cart, Date.now())
  if (stale.length > 0) throw new Unavailable(`the price of ${stale.join(', ')}`)
}

function accept(order_id: string): Reply {
  return {
    status: 202,
    body: { order_id, status: 'SUBMITTED' },
    headers: { location: `/api/v1/orders/${order_id}` },
  }
}
