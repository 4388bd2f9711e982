import { beforeAll, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { rowsRead } from '@lepton/testing/rows-read'
import { listAll } from '../src/ops-store.ts'
import { listOrders } from '../src/store.ts'
import { useOrderService } from './order-service.ts'

const ORDERS = 5_000
const LIMIT = 10

const shop = useOrderService()
const customer = newId()
let one: string
beforeAll(async () => {
  shop.ordinaryDay()
  one = await shop.place(await shop.people.customer())
  // One in a hundred is cancelled, one in five hundred is of one customer.
  await shop.database.query(
    `insert into order_stream
     select (jsonb_populate_record(o, jsonb_build_object(
       'order_id', gen_random_uuid(), 'created_at', now() - make_interval(mins => n),
       'customer_id', case when n % 500 = 0 then $1::uuid else gen_random_uuid() end,
       'status', case when n % 100 = 0 then 'CANCELLED' else 'COMPLETED' end,
       'reason', case when n % 100 = 0 then 'EXPIRED' end))).*
     from order_stream o, generate_series(1, $2::int) n where order_id = $3::uuid`,
    [customer, ORDERS, one],
  )
  await shop.database.query('analyze order_stream')
})

describe('of many orders', () => {
  type Wanted = Parameters<typeof listAll>[1]
  it.each<[string, Partial<Wanted>, number]>([
    ['the newest', {}, LIMIT],
    ['those in flight', { view: 'in_flight' }, 1],
    ['those that are stuck', { view: 'stuck' }, 1],
    ['the cancelled ones', { view: 'cancelled' }, LIMIT],
    ['the refunded ones', { view: 'refunded' }, 0],
    ['those of a status that none has', { status: 'REFUNDED' }, 0],
    ['those of a status that is not final', { status: 'PLACED' }, 1],
    ['those that ran out of time', { reason: 'EXPIRED' }, LIMIT],
    ['those of a reason that none has', { reason: 'DECLINED' }, 0],
    ['those of a customer', { query: customer }, LIMIT],
  ])('%s are read without the others', async (_, wanted, rows) => {
    const read = await rowsRead(shop.database, (tx) =>
      listAll(tx, { view: 'all', limit: LIMIT, ...wanted }, undefined),
    )

    // A page that is sorted by the moment looks at what comes next, to know that it is of another one.
    expect(read).toBeLessThanOrEqual(rows + 2)
  })

  it('a late page of a customer is read without the pages before it', async () => {
    await shop.database.query(`update order_stream set customer_id = $1`, [customer])
    await shop.database.query('analyze order_stream')
    const { rows } = await shop.database.query<{ created_at: string; order_id: string }>(
      'select created_at, order_id from order_stream order by created_at, order_id limit 1 offset 100',
    )

    const read = await rowsRead(shop.database, (tx) => listOrders(tx, customer, rows[0], LIMIT))
    expect(read).toBeLessThanOrEqual(LIMIT + 1)
  })
})
