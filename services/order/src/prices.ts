import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { refuse } from '@lepton/shop/refuse'
import type { Line } from '@lepton/contracts/fields'
import { listProducts } from '@lepton/contracts/inventory-routes'

/**
 * Completes lines with today's names and prices, which only inventory knows.
 *
 * @throws Refusal `unknown-item` that names each line without a product
 */
export async function priceLines(
  mesh: MeshClient,
  lines: readonly { item_id: string; quantity: number }[],
): Promise<Line[]> {
  const { items } = await ask(mesh, listProducts, {
    query: { product_ids: lines.map(({ item_id }) => item_id).join(','), limit: '100' },
  })
  const products = new Map(items.map((product) => [product.product_id, product]))
  const unknown = lines.flatMap(({ item_id }, index) =>
    products.has(item_id)
      ? []
      : [{ pointer: `/lines/${index}/item_id`, detail: `${item_id} is not in the catalogue` }],
  )
  if (unknown.length > 0)
    throw refuse('unknown-item', 'Some items are not in the catalogue.', { errors: unknown })
  return lines.map(({ item_id, quantity }) => {
    const { name, price_minor } = products.get(item_id)!
    return { item_id, name, quantity, unit_price_minor: price_minor }
  })
}
