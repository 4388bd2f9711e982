import { describe, expect, it } from '@jest/globals'
import { nextIndex } from './long-poll.ts'
import { createTokenBucket } from './token-bucket.ts'

describe('long poll', () => {
  it.each([
    ['moves on', 10, 12, 12],
    ['stays', 10, 10, 10],
    ['starts over when the history went back', 10, 9, 0],
    ['starts over when there is no index', 10, 0, 0],
    ['never waits on zero', 0, 0, 1],
  ])('%s', (_name, asked, received, next) => {
    expect(nextIndex(asked, received)).toBe(next)
  })

  it('asks five times at once and then every two seconds', () => {
    const clock = { ms: 0 }
    const { takeMs: take } = createTokenBucket({ burst: 5, refillMs: 2000 }, () => clock.ms)
    const waits = Array.from({ length: 7 }, take)

    expect(waits).toEqual([0, 0, 0, 0, 0, 2000, 4000])
    clock.ms = 14_000
    expect([take(), take(), take(), take(), take(), take()]).toEqual([0, 0, 0, 0, 0, 2000])
  })
})
