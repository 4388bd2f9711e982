import { refuse } from '@lepton/shop/refuse'
import { type Line, MAX_LINES } from '@lepton/contracts/fields'

export interface CartLine extends Line {
  /** When inventory named the price. */
  priced_at: string
  /** Inventory did not know the item when it was last asked. */
  is_gone?: true
}

export interface Cart {
  cart_id: string
  customer_id: string
  state: 'OPEN' | 'CHECKED_OUT'
  version: number
  lines: CartLine[]
}

export interface Price {
  name: string
  unit_price_minor: number
  priced_at: string
}

export type Prices = ReadonlyMap<string, Price>

export const MAX_QUANTITY = 999
export const PRICE_VALID_MS = 15 * 60_000

/** Adds units to the item's line, at today's price. */
export function addItem(cart: Cart, item_id: string, quantity: number, price: Price): Cart {
  const line = cart.lines.find((known) => known.item_id === item_id)
  return setQuantity(cart, item_id, (line?.quantity ?? 0) + quantity, price)
}

/** @throws Refusal `cart-full` beyond 999 units of an item or 50 lines */
export function setQuantity(cart: Cart, item_id: string, quantity: number, price: Price): Cart {
  if (quantity > MAX_QUANTITY) {
    throw refuse('cart-full', `A line holds ${MAX_QUANTITY} units.`, {
      errors: [{ pointer: '/quantity', detail: `would make ${quantity} units of ${item_id}` }],
    })
  }
  const line = { item_id, quantity, ...price }
  const isKnown = cart.lines.some((known) => known.item_id === item_id)
  if (!isKnown && cart.lines.length >= MAX_LINES)
    throw refuse('cart-full', `A cart holds ${MAX_LINES} lines.`)
  const lines = isKnown
    ? cart.lines.map((known) => (known.item_id === item_id ? line : known))
    : [...cart.lines, line]
  return changed(cart, lines)
}

/** @throws Refusal `not-found` for an item the cart does not hold */
export function removeItem(cart: Cart, item_id: string): Cart {
  const lines = cart.lines.filter((line) => line.item_id !== item_id)
  if (lines.length === cart.lines.length) throw refuse('not-found', `The cart holds no ${item_id}.`)
  return changed(cart, lines)
}

/** The items whose price is too old to be sold at. */
export function staleItems(cart: Cart, nowMs: number): string[] {
  return cart.lines
    .filter(({ priced_at }) => nowMs - Date.parse(priced_at) > PRICE_VALID_MS)
    .map(({ item_id }) => item_id)
}

/** The cart with what inventory says of these items: their prices, or that it does not know them any more. */
export function reprice(cart: Cart, asked: readonly string[], prices: Prices): Cart {
  const lines = cart.lines.map(({ is_gone: wasGone, ...line }): CartLine => {
    const price = prices.get(line.item_id)
    if (price !== undefined) return { ...line, ...price }
    const isGone = asked.includes(line.item_id) || wasGone === true
    return { ...line, ...(isGone && { is_gone: true }) }
  })
  return { ...cart, lines }
}

/** The items that cannot be ordered any more, with their places in the cart. */
export function goneLines(cart: Cart): { index: number; item_id: string }[] {
  return cart.lines.flatMap(({ is_gone: isGone, item_id }, index) =>
    isGone === true ? [{ index, item_id }] : [],
  )
}

function changed(cart: Cart, lines: CartLine[]): Cart {
  return { ...cart, lines, version: cart.version + 1 }
}
