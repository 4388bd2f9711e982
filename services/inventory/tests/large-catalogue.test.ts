import { beforeAll, describe, expect, it } from '@jest/globals'
import { rowsRead } from '@lepton/testing/rows-read'
import { listEntries } from '../src/catalogue-store.ts'
import { listCategories, listProducts, SORTS, type Sort } from '../src/product-store.ts'
import { useInventoryService } from './inventory-service.ts'

const PRODUCTS = 5_000
const LIMIT = 10
/** A page and one more, of two tables. */
const PAGE_ROWS = 2 * (LIMIT + 1)

const shop = useInventoryService()
beforeAll(async () => {
  await shop.database.query(
    `insert into products select 'p' || n, 'Thing ' || n, 'Word' || n || ' like others', 'c' || n % 10, n, 'EUR'
     from generate_series(1, $1::int) n`,
    [PRODUCTS],
  )
  await shop.database.query(`insert into stock select product_id, 0, 0, 0, 0 from products`)
  // Without statistics the table is taken for a small one, as autovacuum would have it after a moment.
  await shop.database.query('analyze products')
})

type Wanted = Parameters<typeof listProducts>[1]

const read = (wanted: Partial<Wanted>, after?: string) =>
  rowsRead(shop.database, (tx) =>
    listProducts(
      tx,
      { sort: 'category', page: 1, limit: LIMIT, ...wanted },
      after === undefined ? undefined : { value: after, product_id: 'p7' },
    ),
  )

describe('of a large catalogue', () => {
  it.each(Object.keys(SORTS) as Sort[])('a page sorted by %s reads no more than it shows', async (sort) => {
    const after = { category: 'c7', name: 'Thing 7', cheapest: '7', dearest: '7' }[sort]

    expect(await read({ sort })).toBeLessThanOrEqual(PAGE_ROWS)
    expect(await read({ sort }, after)).toBeLessThanOrEqual(PAGE_ROWS)
    expect(await read({ sort, category: 'c3' })).toBeLessThanOrEqual(PAGE_ROWS)
  })

  it('some products by their ids read no others', async () => {
    expect(await read({ product_ids: ['p1', 'p2', 'p4000'] })).toBe(6)
  })

  it('a search reads what it finds', async () => {
    expect(await read({ query: 'word4711' })).toBe(2)
    expect(await read({ query: 'nowhere' })).toBe(0)
  })

  it('a search for what all have reads a bounded number', async () => {
    expect(await read({ query: 'like others' })).toBeLessThanOrEqual(1_000 + PAGE_ROWS)
  })

  it('the categories are not counted for each who asks', async () => {
    expect(await rowsRead(shop.database, listCategories)).toBe(10)
  })
})

it('a late page of a ledger does not read the pages before it', async () => {
  await shop.database.query(
    `insert into stock_ledger (product_id, receipt_id, kind, d_available, d_held, d_committed, d_received)
     select 'p7', n, 'RECEIVE', 1, 0, 0, 1 from generate_series(1, $1::int) n`,
    [PRODUCTS],
  )
  await shop.database.query('analyze stock_ledger')
  const { rows } = await shop.database.query<{ id: number }>(
    `select percentile_disc(0.5) within group (order by id)::int as id from stock_ledger where product_id = 'p7'`,
  )

  const read = await rowsRead(shop.database, (tx) => listEntries(tx, 'p7', rows[0]!.id, LIMIT))
  expect(read).toBe(LIMIT)
})

describe('the categories', () => {
  it('follow the products that come, change and go', async () => {
    await shop.database.query('delete from stock')
    await shop.database.query('delete from stock_ledger')
    await shop.database.query(`delete from products where category <> 'c3'`)
    await shop.database.query(`update products set category = 'c4' where price_minor <= 1000`)

    const { rows } = await shop.database.query(
      'select category, count(*)::int as products from products group by 1 order by 1',
    )
    expect(await listCategories(shop.database)).toEqual(rows)
    expect(rows).toEqual([
      { category: 'c3', products: 400 },
      { category: 'c4', products: 100 },
    ])
  })
})
