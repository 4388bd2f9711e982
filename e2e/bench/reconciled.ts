import type { Shopper } from '@lepton/testing/shop-client'
import { readBooks } from '../read-books.ts'

/** How many orders the shop itself checked, and which invariants it found broken. */
export async function reconciled(operator: Shopper): Promise<string> {
  const { orders, violations } = await readBooks(operator)
  const broken = violations.map(({ invariant, what }) => `${invariant} ${what}`)
  return `${orders} orders, ${broken.length} violations ${broken.slice(0, 3).join('; ')}`
}
