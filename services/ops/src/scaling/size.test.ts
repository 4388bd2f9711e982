import { describe, expect, it } from '@jest/globals'
import { GROW_MS, SHRINK_MS, sizeOf, type Recommendations } from './size.ts'

const STEP_MS = 2_000
const LIMITS = { min: 1, max: 4 }

/** The size after each look, where `load` says how many instances would be needed at that moment. */
function sizes(
  load: (atMs: number) => number | undefined,
  forMs: number,
  from = 1,
  limits = LIMITS,
): number[] {
  let size = from
  let recommendations: Recommendations = []
  return Array.from({ length: forMs / STEP_MS }, (_one, index) => {
    const atMs = index * STEP_MS
    ;({ size, recommendations } = sizeOf(size, load(atMs), limits, recommendations, atMs))
    return size
  })
}

const changes = (all: readonly number[]) =>
  all.filter((size, index) => index > 0 && size !== all[index - 1]).length

/** The same noise in every run (a linear congruential generator). */
function noise(): () => number {
  let seed = 7
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31 - 0.5
  }
}

describe('the size of a service', () => {
  it('follows a load that rises and falls: up in seconds, down after a minute, one at a time', () => {
    const load = (atMs: number) => (atMs >= 60_000 && atMs < 180_000 ? 3.4 : 0.5)
    const all = sizes(load, 600_000)
    const at = (ms: number) => all[ms / STEP_MS]

    expect(at(58_000)).toBe(1)
    expect(at(60_000 + GROW_MS + STEP_MS)).toBe(4)
    expect(at(180_000 + SHRINK_MS - 3 * STEP_MS)).toBe(4)
    expect(all.at(-1)).toBe(1)
    const steps = all.slice(1).map((size, index) => size - all[index]!)
    expect(Math.min(...steps)).toBe(-1)
  })

  it('changes five times at most in an hour of steady, noisy load, wherever that load is', () => {
    for (let mean = 0.6; mean < 4; mean += 0.1) {
      const next = noise()
      const all = sizes(() => mean * (1 + next() * 0.5), 3_600_000)
      expect([mean.toFixed(1), changes(all) <= 5]).toEqual([mean.toFixed(1), true])
    }
  })

  it('takes a moment of load for what it is', () => {
    expect(changes(sizes((atMs) => (atMs === 30_000 ? 4 : 0.9), 120_000))).toBe(0)
  })

  it('is within its limits at once, also where nothing is known, and otherwise as it was', () => {
    expect(sizes(() => undefined, 10_000, 7)).toEqual([4, 4, 4, 4, 4])
    expect(sizes(() => undefined, 4_000, 2)).toEqual([2, 2])
    expect(sizes(() => 100, 60_000).at(-1)).toBe(4)
    expect(sizes(() => 0, 600_000, 4, { min: 2, max: 4 }).at(-1)).toBe(2)
  })
})
