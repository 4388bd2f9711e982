import { listProducts } from '@lepton/contracts/inventory-routes'
import { createCards } from '@lepton/testing/cards'
import { type ServiceUnderTest, useService } from '@lepton/testing/harness'
import { cartRoutes } from '../src/routes.ts'
import { findCartOf } from '../src/store.ts'

/** The payment service's keys for cards. */
export const cards = createCards()

export interface CartService extends ServiceUnderTest {
  /** What inventory answers: each item at its price. */
  prices(prices: Record<string, number>): void
}

/** The cart service for the tests of one file. */
export function useCartService(): CartService {
  const service = useService('cart', (instance) => ({
    endpoints: cartRoutes({ ...instance, sealCard: cards.seal, decisionWaitMs: 500 }),
    keyOf: (orderId) => findCartOf(instance.database, orderId),
  }))
  return Object.assign(service, {
    prices: (prices: Record<string, number>) => {
      service.mesh.answer(listProducts, ({ query }) => {
        const wanted = query.get('product_ids')?.split(',') ?? []
        const items = wanted.flatMap((product_id) => {
          const price_minor = prices[product_id]
          if (price_minor === undefined) return []
          const product = { product_id, name: `The ${product_id}`, description: 'Good.', category: 'coffee' }
          return [{ ...product, price_minor, currency: 'EUR', available: 9 }]
        })
        return { status: 200, body: { items, next_cursor: null } }
      })
    },
  })
}
