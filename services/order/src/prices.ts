import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { refuse } from '@lepton/shop/refuse'
import type { Line } from '@lepton/contracts/fields'
import { listProducts } from '@lepton/contracts/inventory-routes'
import { LRUCache } from 'lru-cache'

/** Products whose prices are remembered. */
const MAX_PRODUCTS = 10_000

type Named = Pick<Line, 'name' | 'unit_price_minor'>

export interface Prices {
  /**
   * Completes lines with today's names and prices, which only inventory knows.
   *
   * @throws Refusal `unknown-item` that names each line without a product
   */
  complete(lines: readonly { item_id: string; quantity: number }[]): Promise<Line[]>
}

/** Asks inventory, and remembers what it said: what many customers order at once is asked for once. */
export function createPrices(
  mesh: MeshClient,
  { maxAgeMs, now = () => performance.now() }: { maxAgeMs: number; now?: () => number },
): Prices {
  const known = new LRUCache<string, Named & { untilMs: number }>({ max: MAX_PRODUCTS })

  async function pricesOf(ids: readonly string[]): Promise<ReadonlyMap<string, Named>> {
    const nowMs = now()
    const fresh = new Map<string, Named>()
    for (const id of ids) {
      const price = known.get(id)
      if (price !== undefined && price.untilMs > nowMs) fresh.set(id, price)
    }
    const missing = ids.filter((id) => !fresh.has(id))
    if (missing.length === 0) return fresh
    const { items } = await ask(mesh, listProducts, {
      query: { product_ids: missing.join(','), limit: '100' },
    })
    for (const { product_id, name, price_minor } of items) {
      fresh.set(product_id, { name, unit_price_minor: price_minor })
      known.set(product_id, { name, unit_price_minor: price_minor, untilMs: nowMs + maxAgeMs })
    }
    return fresh
  }

  return {
    complete: async (lines) => {
      const prices = await pricesOf(lines.map(({ item_id }) => item_id))
      const unknown = lines.flatMap(({ item_id }, index) =>
        prices.has(item_id)
          ? []
          : [{ pointer: `/lines/${index}/item_id`, detail: `${item_id} is not in the catalogue` }],
      )
      if (unknown.length > 0)
        throw refuse('unknown-item', 'Some items are not in the catalogue.', { errors: unknown })
      return lines.map(({ item_id, quantity }) => {
        const { name, unit_price_minor } = prices.get(item_id)!
        return { item_id, name, quantity, unit_price_minor }
      })
    },
  }
}
