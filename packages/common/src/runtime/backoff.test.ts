import { describe, expect, it } from '@jest/globals'
import { doubledMs, equalJitterMs, fullJitterMs } from './backoff.ts'

const backoff = { baseMs: 100, maxMs: 10_000 }
const waits = (wait: (step: number) => number) => [0, 1, 2, 6, 7, 8, 2_000].map(wait)

describe('a back-off', () => {
  it('doubles up to its bound', () => {
    const doubled = [100, 200, 400, 6_400, 10_000, 10_000, 10_000]
    expect(waits((step) => doubledMs(step, backoff))).toEqual(doubled)
    expect(waits((step) => equalJitterMs(step, backoff, () => 1))).toEqual(doubled)
    expect(waits((step) => fullJitterMs(step, backoff, () => 1))).toEqual(doubled)
  })

  it('is spread over the whole step, or over its upper half', () => {
    expect([0, 0.5].map((chance) => fullJitterMs(2, backoff, () => chance))).toEqual([0, 200])
    expect([0, 0.5].map((chance) => equalJitterMs(2, backoff, () => chance))).toEqual([200, 300])
  })
})
