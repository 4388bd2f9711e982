import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'
import { operatorOf } from './bench-shop.ts'
import { readBooks } from '../read-books.ts'

/** How many orders the shop itself checked, and which invariants it found broken. */
export async function reconciled(shop: Shop, client: ShopClient): Promise<string> {
  const operator = await operatorOf(shop, client)
  const { orders, violations } = await readBooks(operator)
  const broken = violations.map(({ invariant, what }) => `${invariant} ${what}`)
  return `${orders} orders, ${broken.length} violations ${broken.slice(0, 3).join('; ')}`
}
