import { describe, expect, it } from '@jest/globals'
import { createRandom } from './random.ts'

describe('random numbers', () => {
  it('are the same for the same seed', () => {
    const draw = () => {
      const random = createRandom(7)
      return [random.int(1, 6), random.pick(['a', 'b', 'c']), random.uuid(), random.fork('driver').next()]
    }
    expect(draw()).toEqual(draw())
  })

  it('are others for another seed or fork', () => {
    const numbers = [createRandom(1), createRandom(2), createRandom(1).fork('a'), createRandom(1).fork('b')]
    expect(new Set(numbers.map((random) => random.next())).size).toBe(4)
  })

  it('come as often as their weight says', () => {
    const random = createRandom(3)
    const table = [
      [1, 'seldom'],
      [9, 'often'],
    ] as const
    const seldom = Array.from({ length: 10_000 }, () => random.weighted(table)).filter(
      (one) => one === 'seldom',
    )
    expect(seldom.length / 10_000).toBeCloseTo(0.1, 1)
  })

  it('stay in their range', () => {
    const random = createRandom(4)
    const dice = Array.from({ length: 1_000 }, () => random.int(1, 6))
    expect([Math.min(...dice), Math.max(...dice)]).toEqual([1, 6])
  })
})
