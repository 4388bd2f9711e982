import { insertRows } from '@lepton/events/postgres/rows'
import { type ServiceUnderTest, useService } from '@lepton/testing/harness'
import { branchRoutes } from '../src/branches.ts'
import type { Deps } from '../src/deps.ts'
import { inventorySubscriptions } from '../src/events.ts'
import { inventoryRoutes } from '../src/routes.ts'
import { bookReceipt } from '../src/catalogue-store.ts'

export interface InventoryService extends ServiceUnderTest {
  deps: Deps
  anomalies(): number
  /** Adds a product with units in stock and returns its id. */
  product(product_id: string, units: number, category?: string): Promise<string>
  stock(product_id: string): Promise<Counts>
  /** Whether counts and ledger say the same of every product. */
  isReconciled(): Promise<boolean>
}

interface Counts {
  available: number
  held: number
  committed: number
  received: number
}

/** The inventory service for the tests of one file. */
export function useInventoryService(): InventoryService {
  let anomalies = 0
  const service = useService('inventory', (instance) => {
    const deps: Deps = { ...instance, anomalies: { inc: (count) => void (anomalies += count) } }
    Object.assign(service, { deps })
    return {
      endpoints: [...inventoryRoutes(deps), ...branchRoutes(deps)],
      subscriptions: inventorySubscriptions(deps),
    }
  })
  return Object.assign(service as ServiceUnderTest & { deps: Deps }, {
    anomalies: () => anomalies,
    product: async (product_id: string, units: number, category = 'coffee') => {
      await service.database.inTransaction(async (tx) => {
        const product = { product_id, name: `The ${product_id}`, description: 'Good.', category }
        insertRows(tx, 'products', [{ ...product, price_minor: 1_250, currency: 'EUR' }])
        insertRows(tx, 'stock', [{ product_id, available: 0, held: 0, committed: 0, received: 0 }])
        if (units > 0) await bookReceipt(tx, product_id, units, 'first stock')
      })
      return product_id
    },
    stock: async (product_id: string) => {
      const { rows } = await service.database.query<Counts>(
        'select available, held, committed, received from stock where product_id = $1',
        [product_id],
      )
      return rows[0]!
    },
    isReconciled: async () => {
      const { rows } = await service.database.query(
        `select s.product_id from stock s left join stock_ledger l using (product_id) group by s.product_id
         having (s.available, s.held, s.committed, s.received) is distinct from
           (coalesce(sum(d_available), 0), coalesce(sum(d_held), 0), coalesce(sum(d_committed), 0), coalesce(sum(d_received), 0))`,
      )
      return rows.length === 0
    },
  })
}
