import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Product } from '@lepton/contracts/inventory'
import { freshKey } from '@lepton/testing/builders'
import { useInventoryService } from './inventory-service.ts'

const shop = useInventoryService()

interface Page {
  items: Product[]
  next_cursor: string | null
}

beforeAll(async () => {
  await shop.product('espresso-beans', 5)
  await shop.product('moka-pot', 3)
  await shop.product('teapot', 0, 'tea')
})

describe('the catalogue', () => {
  it('is open to anyone, with price and units available', async () => {
    const answer = await shop.people.anyone().get('/products/espresso-beans')
    expect(answer).toMatchObject({ status: 200, body: { price_minor: 1_250, currency: 'EUR', available: 5 } })
  })

  it('is found by words, by category and by ids', async () => {
    const find = async (query: string) =>
      (await shop.people.anyone().get<Page>(`/products?${query}`)).body.items.map(
        ({ product_id }) => product_id,
      )

    expect(await find('query=MOKA')).toEqual(['moka-pot'])
    expect(await find('query=good%20pot%20mok')).toEqual(['moka-pot'])
    expect(await find('query=oka')).toEqual([])
    expect(await find('category=tea')).toEqual(['teapot'])
    expect(await find('product_ids=teapot,espresso-beans,no-such-thing')).toEqual([
      'espresso-beans',
      'teapot',
    ])
    expect(await find('query=%25')).toEqual([])
  })

  it('comes in pages', async () => {
    const anyone = shop.people.anyone()
    const first = await anyone.get<Page>('/products?limit=2')
    const second = await anyone.get<Page>(`/products?limit=2&cursor=${first.body.next_cursor}`)

    expect(first.body.items).toHaveLength(2)
    expect(second.body).toMatchObject({ items: [{ product_id: 'teapot' }], next_cursor: null })
    const numbered = await anyone.get<Page>('/products?limit=2&page=2')
    expect(numbered.body).toEqual(second.body)
  })

  it.each([
    ['name', 'name', 1],
    ['cheapest', 'price_minor', 1],
    ['dearest', 'price_minor', -1],
    ['category', 'category', 1],
  ] as const)('is sorted by %s, over its pages', async (sort, field, direction) => {
    const anyone = shop.people.anyone()
    const seen: Product[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/products?sort=${sort}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`
      const { body }: { body: Page } = await anyone.get<Page>(path)
      seen.push(...body.items)
      cursor = body.next_cursor
    }

    const keys = seen.map((product) => product[field])
    expect(new Set(seen.map(({ product_id }) => product_id)).size).toBe(3)
    expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -direction : a > b ? direction : 0)))
    const { body } = await anyone.get<Page>(`/products?sort=${sort}&limit=1`)
    const other = sort === 'name' ? 'category' : 'name'
    const mixed = await anyone.get(`/products?sort=${other}&cursor=${body.next_cursor}`)
    expect(mixed.status).toBe(400)
  })

  it('has categories', async () => {
    const { body } = await shop.people.anyone().get<{ items: unknown[] }>('/categories')

    expect(body.items).toContainEqual({ category: 'tea', products: 1 })
  })

  it.each([
    ['nothing of ours', 'abc'],
    ['of another list', Buffer.from('[1]').toString('base64url')],
    ['with a character that no store keeps', Buffer.from('["a\\u0000","teapot"]').toString('base64url')],
  ])('refuses a cursor that is %s', async (_what, cursor) => {
    const answer = await shop.people.anyone().get(`/products?cursor=${cursor}`)
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '?cursor' }] } })
  })

  it('has no product that was never added', async () => {
    const answer = await shop.people.anyone().get('/products/no-such-thing')
    expect(answer).toMatchObject({ status: 404, body: { type: '/problems/not-found' } })
  })
})

describe('receiving stock', () => {
  it('books a receipt once, however often it is sent', async () => {
    const operator = await shop.people.operator()
    await shop.product('grinder', 0)
    const receipt = { product_id: 'grinder', quantity: 7, receipt_id: 'delivery 1' }

    const answers = await Promise.all(
      [1, 2, 3].map(() => operator.post('/stock', receipt, { key: freshKey() })),
    )

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await shop.stock('grinder')).toEqual({ available: 7, held: 0, committed: 0, received: 7 })
    expect(await shop.isReconciled()).toBe(true)
  })

  it('takes its key for the receipt where none is named', async () => {
    const operator = await shop.people.operator()
    await shop.product('kettle', 0)
    const key = freshKey()

    await operator.post('/stock', { product_id: 'kettle', quantity: 2 }, { key })
    await operator.post('/stock', { product_id: 'kettle', quantity: 2 }, { key })

    expect(await shop.stock('kettle')).toMatchObject({ available: 2 })
  })

  it('refuses a receipt with other content', async () => {
    const operator = await shop.people.operator()
    await shop.product('scale', 0)
    await operator.post('/stock', { product_id: 'scale', quantity: 2, receipt_id: 'r' })

    const answer = await operator.post('/stock', { product_id: 'scale', quantity: 3, receipt_id: 'r' })

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/receipt-reused' } })
    expect(await shop.stock('scale')).toMatchObject({ received: 2 })
  })

  it('refuses an unknown product and more than a product may have', async () => {
    const operator = await shop.people.operator()
    await shop.product('sand', 0)
    for (let count = 0; count < 1_000; count += 250) {
      await shop.database.query(
        `update stock set available = available + 250000000, received = received + 250000000 where product_id = 'sand'`,
      )
    }

    const unknown = await operator.post('/stock', { product_id: 'no-such-thing', quantity: 1 })
    const tooMuch = await operator.post('/stock', { product_id: 'sand', quantity: 1 })

    expect(unknown).toMatchObject({ status: 422, body: { errors: [{ pointer: '/product_id' }] } })
    expect(tooMuch).toMatchObject({ status: 400, body: { errors: [{ pointer: '/quantity' }] } })
    await shop.database.query(`update stock set available = 0, received = 0 where product_id = 'sand'`)
  })

  it('shows every movement, newest first, a page at a time', async () => {
    const operator = await shop.people.operator()
    await shop.product('filter', 0)
    for (const receipt_id of ['a', 'b', 'c']) {
      await operator.post('/stock', { product_id: 'filter', quantity: 1, receipt_id })
    }

    const first = await operator.get<{ items: { receipt_id: string }[]; next_cursor: string }>(
      '/stock/filter/ledger?limit=2',
    )
    const second = await operator.get<{ items: { receipt_id: string }[]; next_cursor: null }>(
      `/stock/filter/ledger?limit=2&cursor=${first.body.next_cursor}`,
    )

    const receipts = [...first.body.items, ...second.body.items].map(({ receipt_id }) => receipt_id)
    expect(receipts).toEqual(['c', 'b', 'a'])
    expect(second.body.next_cursor).toBeNull()
    expect(await operator.get('/stock/filter')).toMatchObject({ body: { quantity: 3, received: 3 } })
  })
})

describe('an operator', () => {
  it('sees the units of all products, page by page, and they add up', async () => {
    const operator = await shop.people.operator()
    const seen: {
      product_id: string
      available: number
      held: number
      committed: number
      received: number
    }[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/ops/stock?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`
      const { body }: { body: { items: typeof seen; next_cursor: string | null } } = await operator.get(path)
      seen.push(...body.items)
      cursor = body.next_cursor
    }

    const ids = seen.map(({ product_id }) => product_id)
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toEqual(expect.arrayContaining(['espresso-beans', 'moka-pot', 'teapot']))
    for (const { available, held, committed, received } of seen)
      expect(available + held + committed).toBe(received)
  })

  it('sees what is held, and what is held for too long', async () => {
    const operator = await shop.people.operator()
    const [due, overdue] = ['01a1fea5-ba4b-71f4-85de-000000000001', '01a1fea5-ba4b-71f4-85de-000000000002']
    await shop.database.query(
      `insert into reservation (order_id, state, hold_until)
       values ($1, 'HELD', now() + interval '1 hour'), ($2, 'HELD', now() - interval '1 minute')`,
      [due, overdue],
    )
    await shop.database.query(`insert into reservation_item values ($1, 'teapot', 3), ($1, 'moka-pot', 1)`, [
      overdue,
    ])
    const held = async (query: string) =>
      (await operator.get<{ items: { order_id: string; units: number }[] }>(`/ops/reservations?${query}`))
        .body.items

    expect((await held('')).map(({ order_id }) => order_id)).toEqual([overdue, due])
    expect(await held('overdue=true')).toMatchObject([{ order_id: overdue, units: 4 }])
  })
})
