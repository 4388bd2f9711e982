import { ask } from '@lepton/common/http/ask'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { idempotently } from '@lepton/events/idempotency'
import { type Refusal } from '@lepton/common/runtime/problem'
import { refuse } from '@lepton/shop/refuse'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Cart as CartAnswer } from '@lepton/contracts/cart'
import { amountOf, CURRENCY, type Line } from '@lepton/contracts/fields'
import {
  addToCart,
  checkOutCart,
  getCart,
  getCheckout,
  listCheckouts,
  removeCartItem,
  removeFromCart,
  restoreCart,
  setCartItem,
} from '@lepton/contracts/cart-routes'
import { getOrder } from '@lepton/contracts/order-routes'
import type { z } from 'zod'
import { checkOut } from './checkout.ts'
import { auditEndpoint } from './audit.ts'
import type { Deps } from './deps.ts'
import { addItem, type Cart, type Prices, removeItem, setQuantity } from './domain.ts'
import { atTodaysPrices, priceOf, pricesOf } from './prices.ts'
import {
  type CheckoutRow,
  findCheckout,
  findOpenCart,
  listRecentCheckouts,
  lockOpenCart,
  updateCart,
} from './store.ts'

const RESTORABLE = ['REJECTED', 'CANCELLED']

export function cartRoutes(deps: Deps): Endpoint[] {
  const { database, mesh } = deps
  return [
    auditEndpoint(database),
    answer(getCart, async ({ caller }) => {
      const cart = await findOpenCart(database, caller.subject)
      return asReply(cart === undefined ? undefined : await atTodaysPrices(deps, cart))
    }),

    answer(addToCart, async ({ body, caller, idempotencyKey: key, path }) => {
      const { item_id, quantity } = body
      const price = await priceOf(mesh, item_id, '/item_id')
      return idempotently(database, { owner: caller.subject, route: path, key, body }, (tx) =>
        change(tx, caller.subject, (cart) => addItem(cart, item_id, quantity, price)),
      )
    }),

    answer(setCartItem, async ({ params: { item_id }, body: { quantity }, caller }) => {
      const price = await priceOf(mesh, item_id, '{item_id}')
      return database.inTransaction((tx) =>
        change(tx, caller.subject, (cart) => setQuantity(cart, item_id, quantity, price)),
      )
    }),

    answer(removeFromCart, ({ body: { item_id }, caller }) =>
      database.inTransaction((tx) => change(tx, caller.subject, (cart) => removeItem(cart, item_id))),
    ),

    answer(removeCartItem, ({ params: { item_id }, caller }) =>
      database.inTransaction((tx) => change(tx, caller.subject, (cart) => removeItem(cart, item_id))),
    ),

    answer(checkOutCart, (call) => checkOut(deps, call)),

    answer(restoreCart, async ({ body, caller, idempotencyKey: key, path }) => {
      const order = await ask(mesh, getOrder, { params: { order_id: body.order_id }, as: caller.as })
      if (!RESTORABLE.includes(order.status)) {
        throw refuse(
          'order-not-ready',
          `The order is ${order.status}: only a rejected or cancelled one can be put back.`,
        )
      }
      const items = order.lines.map(({ item_id }) => item_id)
      const prices = await pricesOf(mesh, items)
      const left_out = items.filter((id) => !prices.has(id))
      if (left_out.length === items.length) throw refuseGoneOrder(left_out)
      return idempotently(database, { owner: caller.subject, route: path, key, body }, async (tx) => {
        const reply = await change(tx, caller.subject, (cart) => restored(cart, order.lines, prices))
        return { ...reply, body: { ...reply.body, left_out } }
      })
    }),

    answer(listCheckouts, async ({ caller }) => {
      const checkouts = await listRecentCheckouts(database, caller.subject)
      return { status: 200, body: { items: checkouts.map(asSubmitted) } }
    }),

    answer(getCheckout, async ({ params, caller }) => {
      const checkout = await findCheckout(database, params.order_id, caller.subject)
      if (checkout === undefined) throw refuse('not-found', 'You have no such order.')
      return { status: 200, body: asSubmitted(checkout) }
    }),
  ]
}

/** The cart with the lines of an order that can be sold today. */
function restored(cart: Cart, lines: readonly Line[], prices: Prices): Cart {
  return lines.reduce((filled, { item_id, quantity }) => {
    const price = prices.get(item_id)
    return price === undefined ? filled : addItem(filled, item_id, quantity, price)
  }, cart)
}

function refuseGoneOrder(items: readonly string[]): Refusal {
  return refuse('unknown-item', 'Nothing of this order is in the catalogue any more.', {
    errors: [{ pointer: '/order_id', detail: `${items.join(', ')}: not in the catalogue any more` }],
  })
}

async function change(tx: Tx, customerId: string, decide: (cart: Cart) => Cart): Promise<CartReply> {
  const cart = decide(await lockOpenCart(tx, customerId))
  updateCart(tx, cart)
  return asReply(cart)
}

interface CartReply extends Reply {
  body: z.infer<typeof CartAnswer>
}

function asReply(cart: Cart | undefined): CartReply {
  const { cart_id = null, version = 0, lines: stored = [] } = cart ?? {}
  const lines = stored.map(({ is_gone: isGone, ...line }) => ({ ...line, in_catalogue: isGone !== true }))
  return { status: 200, body: { cart_id, version, lines, amount_minor: amountOf(lines), currency: CURRENCY } }
}

function asSubmitted(checkout: CheckoutRow) {
  return { ...checkout, status: 'SUBMITTED' }
}
