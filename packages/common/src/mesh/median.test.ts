import { expect, it } from '@jest/globals'
import { createMedian } from './median.ts'

it('comes near the median and is not drawn by outliers', () => {
  const median = createMedian(30)
  for (let count = 0; count < 1000; count++) median.observe(count % 10 === 0 ? 5000 : 8 + (count % 5))

  expect(median.value()).toBeGreaterThan(8)
  expect(median.value()).toBeLessThan(13)
})
