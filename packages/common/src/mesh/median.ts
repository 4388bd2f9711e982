/** Follows the median of a stream with one number: each value pulls it a step to its side. */
export interface Median {
  observe(value: number): void
  value(): number
}

export function createMedian(initial: number): Median {
  let estimate = initial
  return {
    observe(value) {
      const step = Math.min(Math.max(estimate * 0.05, 0.05), Math.abs(value - estimate))
      estimate += value > estimate ? step : -step
    },
    value: () => estimate,
  }
}
