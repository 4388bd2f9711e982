import { describe, expect, it } from '@jest/globals'
import { pooledRandom } from './random.ts'

describe('random bytes from a pool', () => {
  it('are handed out once, also across pages', () => {
    const drawn = Array.from({ length: 5_000 }, (_, index) => pooledRandom(index % 2 === 0 ? 16 : 8))

    expect(new Set(drawn.map((bytes) => bytes.toString('hex'))).size).toBe(5_000)
    expect(drawn.every((bytes, index) => bytes.length === (index % 2 === 0 ? 16 : 8))).toBe(true)
  })
})
