import { describe, expect, it } from '@jest/globals'
import { backoffMs } from './backoff.ts'

const backoff = { firstDelayMs: 100, maxDelayMs: 10_000, resetAfterMs: 20_000 }

describe('backoffMs', () => {
  it('doubles up to its bound', () => {
    const delays = [1, 2, 3, 7, 8, 9, 1000].map((attempt) => backoffMs(attempt, backoff, () => 1))

    expect(delays).toEqual([100, 200, 400, 6400, 10_000, 10_000, 10_000])
  })

  it('spreads over the upper half', () => {
    expect(backoffMs(3, backoff, () => 0)).toBe(200)
    expect(backoffMs(3, backoff, () => 0.5)).toBe(300)
  })
})
