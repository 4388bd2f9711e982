/** Follows a quantile of a stream with one number: each value pulls it a step to its side. */
export interface Quantile {
  observe(value: number): void
  value(): number
}

/** @param share of the values that are below it: 0.5 for the median */
export function createQuantile(share: number, initial: number): Quantile {
  let estimate = initial
  return {
    observe(value) {
      const step = Math.min(Math.max(estimate * 0.05, 0.05), Math.abs(value - estimate))
      estimate += value > estimate ? step * 2 * share : -step * 2 * (1 - share)
    },
    value: () => estimate,
  }
}
