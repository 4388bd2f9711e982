import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { remainingMs, withDeadline } from '@lepton/common/runtime/deadline'
import { refuse } from '@lepton/shop/refuse'
import { listProducts } from '@lepton/contracts/inventory-routes'
import type { Deps } from './deps.ts'
import { type Cart, type Price, type Prices, reprice, staleItems } from './domain.ts'
import { storePrices } from './store.ts'

/** How long looking at a cart waits for today's prices, in ms. */
const LOOK_MS = 1_000

/** Today's prices of items, asked of inventory in one request. Items without a product are missing. */
export async function pricesOf(mesh: MeshClient, itemIds: readonly string[]): Promise<Prices> {
  if (itemIds.length === 0) return new Map()
  const { items } = await ask(mesh, listProducts, { query: { product_ids: itemIds.join(','), limit: '100' } })
  const priced_at = new Date().toISOString()
  return new Map(
    items.map(({ product_id, name, price_minor }) => [
      product_id,
      { name, unit_price_minor: price_minor, priced_at },
    ]),
  )
}

/** @throws Refusal `unknown-item`, pointing at where the item was named */
export async function priceOf(mesh: MeshClient, itemId: string, pointer: string): Promise<Price> {
  const price = (await pricesOf(mesh, [itemId])).get(itemId)
  if (price !== undefined) return price
  throw refuse('unknown-item', 'The item is not in the catalogue.', {
    errors: [{ pointer, detail: `${itemId} is not in the catalogue` }],
  })
}

/**
 * The cart as it can be sold: old prices are asked for again, and kept, so that what was shown is sold for a quarter of
 * an hour. While inventory is away the cart is shown as it is.
 */
export async function atTodaysPrices({ database, mesh, log }: Deps, cart: Cart): Promise<Cart> {
  const stale = staleItems(cart, Date.now())
  if (stale.length === 0) return cart
  const patienceMs = Math.min(LOOK_MS, (remainingMs() ?? Number.POSITIVE_INFINITY) / 2)
  try {
    const priced = reprice(cart, stale, await withDeadline(patienceMs, () => pricesOf(mesh, stale)))
    await storePrices(database, priced)
    return priced
  } catch (error) {
    log.info({ err: error, cart_id: cart.cart_id }, 'a cart is shown at old prices')
    return cart
  }
}
