import { beforeEach, expect, it } from '@jest/globals'
import { listProducts } from '@lepton/contracts/inventory-routes'
import { createFakeMesh, type FakeMesh } from '@lepton/testing/mesh'
import { createPrices, type Prices } from '../src/prices.ts'
import { productPage } from './order-service.ts'

const MAX_AGE_MS = 2_000

let mesh: FakeMesh
let prices: Prices
let nowMs = 0
let asked: string[] = []

const lines = (...items: string[]) => items.map((item_id) => ({ item_id, quantity: 1 }))

beforeEach(() => {
  nowMs = 0
  asked = []
  mesh = createFakeMesh()
  mesh.answer(listProducts, ({ query }) => {
    asked.push(query.get('product_ids') ?? '')
    return productPage(query.get('product_ids') ?? '')
  })
  prices = createPrices(mesh, { maxAgeMs: MAX_AGE_MS, now: () => nowMs })
})

it('asks for a price once as long as it is young, and again when it is not', async () => {
  const first = await prices.complete(lines('espresso-beans'))
  expect(await prices.complete(lines('espresso-beans'))).toEqual(first)
  expect(asked).toEqual(['espresso-beans'])

  nowMs = MAX_AGE_MS
  await prices.complete(lines('espresso-beans'))

  expect(asked).toEqual(['espresso-beans', 'espresso-beans'])
})

it('asks only for what it does not know, and answers in the order of the lines', async () => {
  await prices.complete(lines('espresso-beans'))
  const both = await prices.complete(lines('moka-pot', 'espresso-beans'))

  expect(asked).toEqual(['espresso-beans', 'moka-pot'])
  expect(both.map(({ item_id }) => item_id)).toEqual(['moka-pot', 'espresso-beans'])
})

it('remembers nothing of an item that is not in the catalogue: it may come', async () => {
  for (let times = 0; times < 2; times++)
    await expect(prices.complete(lines('zeppelin'))).rejects.toMatchObject({ slug: 'unknown-item' })

  expect(asked).toEqual(['zeppelin', 'zeppelin'])
})

it('sells on at young prices while inventory is away, and at no others', async () => {
  await prices.complete(lines('espresso-beans'))
  mesh.away(listProducts)

  expect(await prices.complete(lines('espresso-beans'))).toHaveLength(1)
  nowMs = MAX_AGE_MS
  await expect(prices.complete(lines('espresso-beans'))).rejects.toThrow('inventory is not available')
})
