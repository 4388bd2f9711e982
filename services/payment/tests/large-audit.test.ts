import { beforeAll, expect, it } from '@jest/globals'
import { rowsRead } from '@lepton/testing/rows-read'
import { readPayments } from '../src/audit.ts'
import { usePaymentService } from './payment-service.ts'

const PAYMENTS = 5_000
const PAGE = 10

const shop = usePaymentService()
beforeAll(async () => {
  await shop.database.query(
    `insert into payment (order_id, state) select md5(n::text)::uuid, 'CAPTURED' from generate_series(1, $1::int) n`,
    [PAYMENTS],
  )
  await shop.database.query(
    `insert into payment_ledger (order_id, kind, amount_minor, charge_id)
     select order_id, kind, 100, order_id from payment, unnest(array['AUTH', 'CAPTURE']) kind`,
  )
  for (const table of ['payment', 'payment_ledger']) await shop.database.query(`analyze ${table}`)
})

it('a late page of many payments is audited without reading those before it', async () => {
  const { rows } = await shop.database.query<{ order_id: string }>(
    'select order_id from payment order by order_id offset $1 limit $2',
    [PAYMENTS - PAGE, PAGE],
  )
  const [first, last] = [rows[0]!.order_id, rows.at(-1)!.order_id]

  // Each with both entries of its ledger.
  expect(await rowsRead(shop.database, (tx) => readPayments(tx, first, last))).toBe(PAGE * 3)
})
