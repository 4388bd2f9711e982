import type { Category, Product, ProductQuery } from '@lepton/contracts/inventory'
import { createParameters, where } from '@lepton/shop/conditions'
import type { Database } from '@lepton/events/postgres/database'
import type { z } from 'zod'
import { productsOf } from './catalogue-store.ts'

/** What a list of products is sorted by; the product's id comes second. */
export const SORTS = {
  category: { by: 'category', order: 'asc', after: '>' },
  name: { by: 'name', order: 'asc', after: '>' },
  cheapest: { by: 'price_minor', order: 'asc', after: '>' },
  dearest: { by: 'price_minor', order: 'desc', after: '<' },
} as const
export type Sort = keyof typeof SORTS

/** Of more hits only so many are sorted: no word makes one request read the whole catalogue. */
const MAX_HITS = 1_000

/**
 * A page of products, and one more where there is another page. Only the conditions that are asked for are in the
 * statement, so that each reads along an index: plans are made once, for any values.
 */
export async function listProducts(
  database: Pick<Database, 'query'>,
  { query, category, sort, product_ids, page, limit }: Omit<z.infer<typeof ProductQuery>, 'cursor'>,
  after: { value: string; product_id: string } | undefined,
): Promise<Product[]> {
  const words = query === undefined ? undefined : wordsOf(query)
  if (words?.length === 0) return []
  const { by, order, after: follows } = SORTS[sort]
  const { values, $ } = createParameters()
  const hits = words === undefined ? 'products' : `products_with(${$(words.join(' & '))}, ${MAX_HITS})`
  const conditions = where(
    category !== undefined && `category = ${$(category)}`,
    product_ids !== undefined && `product_id = any(${$(product_ids)}::text[])`,
    after !== undefined && `(${by}, product_id) ${follows} (${$(after.value)}, ${$(after.product_id)})`,
  )
  const sorted = `order by ${by} ${order}, product_id ${order}`
  const { rows } = await database.query<Product>(
    `${productsOf(
      `select * from ${hits} ${conditions} ${sorted} limit ${$(limit + 1)} offset ${$((page - 1) * limit)}`,
    )} ${sorted}`,
    values,
  )
  return rows
}

/** The beginnings of words that a product has to have, all of them, in any order. */
const wordsOf = (query: string) => (query.match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => `${word}:*`)

export async function listCategories(database: Pick<Database, 'query'>): Promise<z.infer<typeof Category>[]> {
  const { rows } = await database.query<z.infer<typeof Category>>(
    'select category, products from categories where products > 0 order by category',
  )
  return rows
}
