import { ask } from '@lepton/common/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { refuse } from '@lepton/common/problem'
import { listProducts } from '@lepton/contracts/routes'
import type { Price, Prices } from './domain.ts'

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
