import { describe, expect, it } from '@jest/globals'
import {
  amountOf,
  IdempotencyKey,
  Limit,
  MAX_LINES,
  PaymentToken,
  PriceMinor,
  ProductId,
  Quantity,
  text,
  Uuid,
} from './fields.ts'

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, values: unknown[]) =>
  values.map((value) => schema.safeParse(value).success)

describe('text', () => {
  it('is counted in characters', () => {
    expect(accepts(text(5), ['🫖'.repeat(5), '🫖'.repeat(6)])).toEqual([true, false])
  })

  it('is what every store keeps as it is', () => {
    expect(accepts(text(5), ['a', 'Zoë', '🫖', 'abcde'])).toEqual([true, true, true, true])
    expect(accepts(text(5), ['', 'abcdef', 'a\0b', '\ud800', 1, null])).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('a number', () => {
  it('of a query is written in decimal digits and nothing else', () => {
    expect(accepts(Limit, ['1', '100', '101', '0', '-1', '0x10', '1e1', ' 10', '1.0', '', '01'])).toEqual([
      true,
      true,
      ...Array.from({ length: 9 }, () => false),
    ])
  })

  it('is a whole one within its bounds', () => {
    expect(accepts(Quantity, [1, 999, 0, -1, 1_000, 1.5, '1', Number.NaN])).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it('of money stays exact for the largest order there can be', () => {
    const most = Array.from({ length: MAX_LINES }, () => ({ quantity: 999, unit_price_minor: 10_000_000 }))
    expect(amountOf(most)).toBe(499_500_000_000)
    expect(Number.isSafeInteger(amountOf(most))).toBe(true)
    expect(accepts(PriceMinor, [10_000_000, 10_000_001])).toEqual([true, false])
  })
})

describe('names', () => {
  it('of products and cards have a form', () => {
    expect(accepts(ProductId, ['espresso-beans', 'a1', 'a', '-a', 'A1', 'a b', '../a'])).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
    const tokens = [
      'tok_approved',
      '4111111111111111',
      'tok_',
      'tok_A',
      'tok_4111111111111111',
      'tok_a1_378282246310005',
    ]
    expect(accepts(PaymentToken, tokens)).toEqual([true, false, false, false, false, false])
  })

  it('of orders have one spelling, in whichever they come', () => {
    const id = '019aa000-0000-7000-8000-00000000abcd'
    expect([Uuid.parse(id), Uuid.parse(id.toUpperCase())]).toEqual([id, id])
  })

  it('of requests are 16 to 255 visible characters', () => {
    const keys = [
      'x'.repeat(15),
      'x'.repeat(16),
      'x'.repeat(255),
      'x'.repeat(256),
      `${'x'.repeat(16)} `,
      'é'.repeat(16),
    ]
    expect(accepts(IdempotencyKey, keys)).toEqual([false, true, true, false, false, false])
  })
})
