import { expect, it } from '@jest/globals'
import { createTokenBucket } from './token-bucket.ts'

it('does not wait for a clock that was set back', () => {
  let nowMs = 10_000_000
  const { takeMs } = createTokenBucket({ burst: 2, refillMs: 1_000 }, () => nowMs)
  takeMs()

  nowMs -= 3_600_000

  expect(takeMs()).toBe(0)
  expect(takeMs()).toBe(1_000)
})
