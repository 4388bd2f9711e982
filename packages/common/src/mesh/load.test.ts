import { describe, expect, it } from '@jest/globals'
import { createLoad, type Load, loadDefaults as settings, observe, readLoad } from './load.ts'

function observeRtt(load: Load, rttMs: number, nowMs: number): void {
  observe(load, { rttMs, isSuccess: true }, nowMs, settings)
}

describe('peak EWMA', () => {
  it('takes a peak at once', () => {
    const load = createLoad(0, 30)
    observeRtt(load, 10, 0)
    observeRtt(load, 500, 1)

    expect(readLoad(load, 0, 1, settings)).toBeCloseTo(500)
  })

  it('forgets a peak by time alone', () => {
    const load = createLoad(0, 30)
    observeRtt(load, 500, 0)

    expect(readLoad(load, 0, 10_000, settings)).toBeCloseTo(500 / Math.E)
    expect(readLoad(load, 0, 100_000, settings)).toBeLessThan(0.1)
  })

  it('blends what is below the mean by the time since the last one', () => {
    const load = createLoad(0, 30)
    observeRtt(load, 100, 0)
    observeRtt(load, 10, 10_000)

    expect(readLoad(load, 0, 10_000, settings)).toBeCloseTo(100 / Math.E + 10 * (1 - 1 / Math.E))
  })

  it('grows with what is in flight', () => {
    const load = createLoad(0, 30)
    observeRtt(load, 20, 0)

    expect(readLoad(load, 4, 0, settings)).toBeCloseTo(100)
  })

  it('has an unknown endpoint tried by one request first', () => {
    const load = createLoad(0, 30)

    expect(readLoad(load, 0, 0, settings)).toBe(0)
    expect(readLoad(load, 1, 0, settings)).toBe(60)
  })

  it('costs more the less succeeds, and a fast failure is no fast answer', () => {
    const [good, bad] = [createLoad(0, 30), createLoad(0, 30)]
    for (let call = 0; call < 50; call++) {
      observeRtt(good, 20, call)
      observe(
        bad,
        call % 2 === 0 ? { rttMs: 20, isSuccess: true } : { rttMs: 1, isSuccess: false },
        call,
        settings,
      )
    }

    expect(readLoad(bad, 0, 50, settings) / readLoad(good, 0, 50, settings)).toBeGreaterThan(8)
  })

  it('forgets failures as it forgets peaks', () => {
    const load = createLoad(0, 30)
    for (let call = 0; call < 50; call++) observe(load, { rttMs: 5, isSuccess: false }, call, settings)
    observeRtt(load, 20, 60_000)

    expect(readLoad(load, 0, 60_000, settings)).toBeLessThan(25)
  })
})
