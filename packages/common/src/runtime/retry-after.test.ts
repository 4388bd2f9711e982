import { expect, it } from '@jest/globals'
import { retryAfterMs } from './retry-after.ts'

const nowMs = Date.UTC(2026, 0, 1)

it.each([
  ['2', 2_000],
  [' 0 ', 0],
  ['86400', 60_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['soon', undefined],
  ['-1', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %p is %p ms', (header, expected) => {
  expect(retryAfterMs(header, { nowMs, mostMs: 60_000 })).toBe(expected)
})
