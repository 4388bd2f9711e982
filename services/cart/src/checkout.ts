import type { Asker } from '@lepton/common/http/admit'
import type { Reply } from '@lepton/common/http/reply'
import { orderIdOf } from '@lepton/shop/order-id'
import { idempotently } from '@lepton/events/idempotency'
import { type FieldError, Unavailable } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import { CartCheckedOut, type Checkout } from '@lepton/contracts/cart'
import { amountOf, CURRENCY, unitsOf } from '@lepton/contracts/fields'
import type { z } from 'zod'
import { refusalOf } from './admission.ts'
import { decidedStatus } from './decision.ts'
import type { Deps } from './deps.ts'
import { type Cart, goneLines, type Prices, reprice, staleItems } from './domain.ts'
import { pricesOf } from './prices.ts'
import { findCheckout, findOpenCart, insertCheckout, lockOpenCart, updateCart } from './store.ts'

interface Request {
  body: z.infer<typeof Checkout>
  caller: Asker
  idempotencyKey: string
  path: string
}

/**
 * Closes the cart and publishes it as `cart.checked_out.v1`, in one transaction with the answer. After
 * the 202 the order will exist: the order service makes it from the event and never refuses.
 */
export async function checkOut(deps: Deps, request: Request): Promise<Reply> {
  const { body, caller, path, idempotencyKey } = request
  refuseWithoutToken(body)
  const seen = await findOpenCart(deps.database, caller.subject)
  const order_id = orderIdOf(caller.subject, path, idempotencyKey)
  await refuseWithoutRoom(deps, request, order_id, seen?.lines ?? [])
  const stale = seen === undefined ? [] : staleItems(seen, Date.now())
  const reply = await order(deps, request, stale).catch((error: unknown) => {
    // A line came in, or grew old, between our look at the cart and its lock.
    if (!(error instanceof StillStale)) throw error
    return order(deps, request, [...new Set([...stale, ...error.items])])
  })
  if (body.mode !== 'two_phase') return reply
  return { ...reply, body: { order_id, status: await decidedStatus(deps, order_id, caller) } }
}

/** A repeat of what was accepted is answered, whatever there is room for by now. */
async function refuseWithoutRoom(
  deps: Deps,
  { body, caller }: Request,
  order_id: string,
  lines: Cart['lines'],
): Promise<void> {
  if (lines.length === 0) return
  const wanted = { units: unitsOf(lines), is_paid: body.payment_token !== undefined }
  const refusal = await refusalOf(deps, caller, wanted)
  if (refusal === undefined) return
  if ((await findCheckout(deps.database, order_id, caller.subject)) === undefined) throw refusal
}

/** The prices of these items were not asked for, and those we have are too old to be sold at. */
class StillStale extends Unavailable {
  readonly items: readonly string[]

  constructor(items: readonly string[]) {
    super(`the price of ${items.join(', ')}`)
    this.items = items
  }
}

/** Orders the cart, with new prices for the items that are asked for. @throws StillStale where that is not enough */
async function order(
  { database, mesh, outbox, sealCard }: Deps,
  { body, caller, idempotencyKey: key, path }: Request,
  asked: readonly string[],
): Promise<Reply> {
  const customer_id = caller.subject
  const prices = await pricesOf(mesh, asked)
  const order_id = orderIdOf(customer_id, path, key)
  return idempotently(database, { owner: customer_id, route: path, key, body }, async (tx) => {
    // The stored answer is swept after a week; the checkout it answered is not.
    if ((await findCheckout(tx, order_id, customer_id)) !== undefined) return accept(order_id)
    const cart = sellable(await lockOpenCart(tx, customer_id), asked, prices)
    refuseChanged(cart, body)
    if (cart.lines.length === 0)
      throw refuse('cart-empty', 'Put something into the cart first: POST /api/v1/cart.')
    refuseGone(cart)
    const lines = cart.lines.map(({ item_id, name, quantity, unit_price_minor }) => {
      return { item_id, name, quantity, unit_price_minor }
    })
    const placed = {
      order_id,
      cart_id: cart.cart_id,
      customer_id,
      mode: body.mode,
      lines,
      amount_minor: amountOf(lines),
      currency: CURRENCY,
    }
    updateCart(tx, { ...cart, state: 'CHECKED_OUT', version: cart.version + 1 })
    insertCheckout(tx, placed)
    const card = body.payment_token === undefined ? null : sealCard(body.payment_token, order_id)
    const data = { ...placed, payment_token: card }
    const about = { key: cart.cart_id, sequence: 1, correlationId: order_id }
    outbox.emit(tx, [{ type: CartCheckedOut, ...about, data, cause: undefined }])
    return accept(order_id)
  })
}

function sellable(locked: Cart, asked: readonly string[], prices: Prices): Cart {
  const cart = reprice(locked, asked, prices)
  const unasked = staleItems(cart, Date.now()).filter((id) => !asked.includes(id))
  if (unasked.length > 0) throw new StillStale(unasked)
  return cart
}

function refuseWithoutToken({ mode, payment_token }: Request['body']): void {
  if (mode !== 'two_phase' || payment_token !== undefined) return
  throw refuse('payment-token-missing', 'payment_token is required when mode is two_phase.', {
    errors: [{ pointer: '/payment_token', detail: 'is missing' }],
  })
}

/** What the shopper saw, where the checkout says so, is what is ordered: another tab or a new price may have changed it. */
function refuseChanged({ version, lines }: Cart, { cart_version, amount_minor }: Request['body']): void {
  const errors: FieldError[] = []
  const amount = amountOf(lines)
  if (cart_version !== undefined && cart_version !== version)
    errors.push({ pointer: '/cart_version', detail: `is ${version} by now` })
  if (amount_minor !== undefined && amount_minor !== amount)
    errors.push({ pointer: '/amount_minor', detail: `is ${amount} by now` })
  if (errors.length === 0) return
  throw refuse('cart-changed', 'Nothing was ordered: GET /api/v1/cart shows the cart as it is now.', {
    errors,
  })
}

/** Items that left the catalogue: the rest can be ordered when they are removed. */
function refuseGone(cart: Cart): void {
  const gone = goneLines(cart)
  if (gone.length === 0) return
  throw refuse(
    'unknown-item',
    'Some items are not in the catalogue any more: remove them to order the rest.',
    {
      errors: gone.map(({ index, item_id }) => ({
        pointer: `/lines/${index}/item_id`,
        detail: `${item_id} is not in the catalogue any more`,
      })),
    },
  )
}

function accept(order_id: string): Reply {
  return {
    status: 202,
    body: { order_id, status: 'SUBMITTED' },
    headers: { location: `/api/v1/orders/${order_id}` },
  }
}
