import { ask } from '@lepton/common/ask'
import { answer, type Endpoint, type Reply } from '@lepton/common/http'
import { idempotently } from '@lepton/common/idempotency'
import { refuse } from '@lepton/common/problem'
import type { Tx } from '@lepton/common/postgres'
import { amountOf, CURRENCY } from '@lepton/contracts/fields'
import {
  addToCart,
  checkOutCart,
  getCart,
  getCheckout,
  getOrder,
  listCheckouts,
  removeCartItem,
  removeFromCart,
  restoreCart,
  setCartItem,
} from '@lepton/contracts/routes'
import { checkOut } from './checkout.ts'
import { auditEndpoint } from './audit.ts'
import type { Deps } from './deps.ts'
import { addItem, type Cart, removeItem, setQuantity } from './domain.ts'
import { priceOf } from './prices.ts'
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
    answer(getCart, async ({ caller }) => asReply(await findOpenCart(database, caller.subject))),

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
      const order = await ask(mesh, getOrder, { params: { order_id: body.order_id }, token: caller.token })
      if (!RESTORABLE.includes(order.status)) {
        throw refuse(
          'order-not-ready',
          `The order is ${order.status}: only a rejected or cancelled one can be put back.`,
        )
      }
      // The old price is shown but not sold at: checkout asks again for what is older than 15 minutes.
      const priced_at = new Date(0).toISOString()
      return idempotently(database, { owner: caller.subject, route: path, key, body }, (tx) =>
        change(tx, caller.subject, (cart) =>
          order.lines.reduce(
            (filled, { item_id, quantity, ...price }) =>
              addItem(filled, item_id, quantity, { ...price, priced_at }),
            cart,
          ),
        ),
      )
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

async function change(tx: Tx, customerId: string, decide: (cart: Cart) => Cart): Promise<Reply> {
  const cart = decide(await lockOpenCart(tx, customerId))
  updateCart(tx, cart)
  return asReply(cart)
}

function asReply(cart: Cart | undefined): Reply {
  const { cart_id = null, version = 0, lines = [] } = cart ?? {}
  return { status: 200, body: { cart_id, version, lines, amount_minor: amountOf(lines), currency: CURRENCY } }
}

function asSubmitted(checkout: CheckoutRow) {
  return { ...checkout, status: 'SUBMITTED' }
}
