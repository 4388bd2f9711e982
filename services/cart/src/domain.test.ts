import { describe, expect, it } from '@jest/globals'
import { MAX_LINES } from '@lepton/contracts/fields'
import fc from 'fast-check'
import {
  addItem,
  goneLines,
  type Cart,
  MAX_QUANTITY,
  PRICE_VALID_MS,
  removeItem,
  reprice,
  setQuantity,
  staleItems,
} from './domain.ts'

const NOW = Date.parse('2026-01-01T12:00:00.000Z')
const price = { name: 'Beans', unit_price_minor: 100, priced_at: new Date(NOW).toISOString() }
const empty: Cart = { cart_id: 'cart', customer_id: 'customer', state: 'OPEN', version: 0, lines: [] }

describe('a cart', () => {
  it('holds what was added, whatever the order', () => {
    const additions = fc.array(
      fc.record({ item_id: fc.constantFrom('a', 'b', 'c'), quantity: fc.integer({ min: 1, max: 20 }) }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(additions, (added) => {
        const cart = added.reduce(
          (now, { item_id, quantity }) => addItem(now, item_id, quantity, price),
          empty,
        )
        const total = (lines: { quantity: number }[]) =>
          lines.reduce((sum, { quantity }) => sum + quantity, 0)
        return (
          total(cart.lines) === total(added) &&
          cart.version === added.length &&
          new Set(cart.lines.map(({ item_id }) => item_id)).size === cart.lines.length
        )
      }),
    )
  })

  it(`holds at most ${MAX_QUANTITY} units of an item`, () => {
    const full = setQuantity(empty, 'a', MAX_QUANTITY, price)
    expect(() => addItem(full, 'a', 1, price)).toThrow('999')
  })

  it(`holds at most ${MAX_LINES} lines, and still changes the ones it has`, () => {
    const full = Array.from({ length: MAX_LINES }, (_, index) => `item-${index}`).reduce(
      (cart, id) => addItem(cart, id, 1, price),
      empty,
    )
    expect(() => addItem(full, 'another', 1, price)).toThrow('50')
    expect(addItem(full, 'item-0', 1, price).lines[0]).toMatchObject({ quantity: 2 })
  })

  it('does not lose a line it does not have', () => {
    expect(() => removeItem(empty, 'a')).toThrow('holds no a')
  })
})

describe('a price', () => {
  const aged = (ms: number) =>
    addItem(empty, 'a', 1, { ...price, priced_at: new Date(NOW - ms).toISOString() })

  it('is sold at for a quarter of an hour', () => {
    expect(staleItems(aged(PRICE_VALID_MS), NOW)).toEqual([])
    expect(staleItems(aged(PRICE_VALID_MS + 1), NOW)).toEqual(['a'])
  })

  it('is replaced where a newer one is known', () => {
    const cart = addItem(aged(PRICE_VALID_MS * 2), 'b', 1, price)
    const repriced = reprice(cart, ['a'], new Map([['a', { ...price, unit_price_minor: 200 }]]))
    expect(repriced.lines.map(({ unit_price_minor }) => unit_price_minor)).toEqual([200, 100])
    expect(staleItems(repriced, NOW)).toEqual([])
  })

  it('of an item that inventory does not know is none, until it knows it again', () => {
    const cart = addItem(aged(PRICE_VALID_MS * 2), 'b', 1, price)

    const without = reprice(cart, ['a'], new Map())
    expect(goneLines(without)).toEqual([{ index: 0, item_id: 'a' }])
    expect(goneLines(reprice(without, [], new Map()))).toHaveLength(1)
    expect(goneLines(reprice(without, ['a'], new Map([['a', price]])))).toEqual([])
  })
})
