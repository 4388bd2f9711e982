import { expect, it } from '@jest/globals'
import { createQuantile } from './quantile.ts'

it('comes near the median and is not drawn by outliers', () => {
  const median = createQuantile(0.5, 30)
  for (let count = 0; count < 1000; count++) median.observe(count % 10 === 0 ? 5000 : 8 + (count % 5))

  expect(median.value()).toBeGreaterThan(8)
  expect(median.value()).toBeLessThan(13)
})

it('comes near the value that one in twenty exceeds', () => {
  const p95 = createQuantile(0.95, 30)
  for (let count = 0; count < 5000; count++) p95.observe((count * 37) % 100)

  expect(p95.value()).toBeGreaterThan(88)
  expect(p95.value()).toBeLessThan(105)
})
