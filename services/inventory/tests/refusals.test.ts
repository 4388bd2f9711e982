import { ROUTES } from '@lepton/contracts/routes'
import { describeRefusals } from '@lepton/testing/route-suite'
import { useInventoryService } from './inventory-service.ts'

describeRefusals(
  useInventoryService(),
  ROUTES.filter(({ owner }) => owner === 'inventory'),
  {
    receive_stock: { product_id: 'espresso-beans', quantity: 1, receipt_id: 'delivery' },
    try_stock: { lines: [{ item_id: 'espresso-beans', quantity: 1 }], deadline: new Date().toISOString() },
  },
)
