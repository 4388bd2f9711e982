import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { shelf } from '../../services/web/src/messages/zh-products.ts'

const CATALOGUE = new URL('../../services/inventory/catalogue.json', import.meta.url)
const HAN = /\p{Script=Han}/u

it('names every product of the catalogue in Chinese, describes it and names its category', () => {
  const products = JSON.parse(readFileSync(CATALOGUE, 'utf8')) as Record<
    'product_id' | 'name' | 'description' | 'category',
    string
  >[]
  const texts = products.flatMap(({ product_id, name, description, category }) => [
    shelf.name(product_id, name),
    shelf.description(product_id, description),
    shelf.category(category),
  ])
  expect(texts).toHaveLength(24 * 3)
  expect(texts.filter((text) => !HAN.test(text))).toEqual([])
})
