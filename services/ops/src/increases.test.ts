import { expect, it } from '@jest/globals'
import { createIncreases } from './increases.ts'

it('says how much a counter grew in a window, and begins again with nothing', () => {
  let nowMs = 0
  const increases = createIncreases(() => nowMs)
  const grown = [0, 3, 3, 10].map((value) => {
    const grew = increases.over('shed', value, 60_000)
    nowMs += 40_000
    return grew
  })

  expect(grown).toEqual([0, 3, 0, 7])
  expect(increases.over('shed of another boot', 1_000, 60_000)).toBe(0)
})
