import { describe, expect, it } from '@jest/globals'
import { hopBudgetMs, inboundAttempt, parseAttempt, remainingMs, withDeadline } from './deadline.ts'

describe('deadline', () => {
  it('is absent where none was set', () => {
    expect(remainingMs()).toBeUndefined()
    expect(inboundAttempt()).toBe(1)
  })

  it('follows the work and can only become earlier', async () => {
    await withDeadline(
      500,
      async () => {
        await Promise.resolve()
        expect(remainingMs()).toBeLessThanOrEqual(500)
        withDeadline(10_000, () => {
          expect(remainingMs()).toBeLessThanOrEqual(500)
          expect(inboundAttempt()).toBe(2)
        })
      },
      2,
    )
  })

  it('gives a hop what is configured, and less than what is left', () => {
    expect(hopBudgetMs(2000, undefined)).toBe(2000)
    expect(hopBudgetMs(2000, 5000)).toBe(2000)
    expect(hopBudgetMs(2000, 300)).toBe(290)
    expect(hopBudgetMs(2000, 4)).toBeLessThan(0)
  })

  it('reads an attempt header, and takes nonsense for a first try', () => {
    expect([undefined, '1', '2', '0', '-1', 'x', '1.5', ['1', '2']].map(parseAttempt)).toEqual([
      1, 1, 2, 1, 1, 1, 1, 1,
    ])
  })
})
