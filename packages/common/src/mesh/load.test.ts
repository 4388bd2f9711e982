import { describe, expect, it } from '@jest/globals'
import { createLoad, loadDefaults as settings, observeRtt, readLoad } from './load.ts'

describe('peak EWMA', () => {
  it('takes a peak at once', () => {
    const load = createLoad(0)
    observeRtt(load, 10, 0, settings)
    observeRtt(load, 500, 1, settings)

    expect(readLoad(load, 0, 1, settings)).toBeCloseTo(500)
  })

  it('forgets a peak by time alone', () => {
    const load = createLoad(0)
    observeRtt(load, 500, 0, settings)

    expect(readLoad(load, 0, 10_000, settings)).toBeCloseTo(500 / Math.E)
    expect(readLoad(load, 0, 100_000, settings)).toBeLessThan(0.1)
  })

  it('blends what is below the mean by the time since the last one', () => {
    const load = createLoad(0)
    observeRtt(load, 100, 0, settings)
    observeRtt(load, 10, 10_000, settings)

    expect(readLoad(load, 0, 10_000, settings)).toBeCloseTo(100 / Math.E + 10 * (1 - 1 / Math.E))
  })

  it('grows with what is under way', () => {
    const load = createLoad(0)
    observeRtt(load, 20, 0, settings)

    expect(readLoad(load, 4, 0, settings)).toBeCloseTo(100)
  })

  it('has an unknown endpoint tried by one request first', () => {
    const load = createLoad(0)

    expect(readLoad(load, 0, 0, settings)).toBe(0)
    expect(readLoad(load, 1, 0, settings)).toBe(60)
  })
})
