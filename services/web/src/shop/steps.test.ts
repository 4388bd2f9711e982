import { describe, expect, it } from '@jest/globals'
import type { History, Order } from '../api.ts'
import { stepsOf } from './steps.ts'

const AT = '2026-01-01T00:00:00.000Z'
const order = (status: Order['status']): Order => ({
  order_id: '01a1fea5-ba4b-71f4-85de-696148493360',
  status,
  mode: 'saga',
  lines: [],
  amount_minor: 0,
  currency: 'EUR',
  created_at: AT,
})
const facts: History = [
  { version: 1, type: 'order.placed.v1', data: {}, at: AT },
  { version: 2, type: 'order.stock_changed.v1', data: { stock: 'held' }, at: '2026-01-01T00:00:00.061Z' },
]

describe('the steps of an order', () => {
  it('begin with its receipt, before the order service has seen it', () => {
    expect(stepsOf(order('SUBMITTED')).map(({ state }) => state)).toEqual([
      'done',
      'now',
      'next',
      'next',
      'next',
      'next',
    ])
  })

  it('say when each was reached, and which is at work', () => {
    const [received, held, authorised, confirmed] = stepsOf(order('RESERVED'), facts)

    expect(received).toEqual({ name: 'received', state: 'done', afterMs: 0 })
    expect(held).toEqual({ name: 'held', state: 'done', afterMs: 61 })
    expect(authorised?.state).toBe('now')
    expect(confirmed?.state).toBe('next')
  })

  it('are never reached any more once the order is undone', () => {
    expect(stepsOf(order('CANCELLED'), facts).map(({ state }) => state)).toEqual([
      'done',
      'done',
      'never',
      'never',
      'never',
      'never',
    ])
  })

  it('are all done when it is completed, also while its facts are still being read', () => {
    expect(stepsOf(order('COMPLETED')).every(({ state }) => state === 'done')).toBe(true)
  })
})
