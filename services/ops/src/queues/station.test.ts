import { describe, expect, it } from '@jest/globals'
import { stationOf, transportMsOf, type Work } from './station.ts'

/** Two servers, 10 ms a record, 100 records a second arrive: ρ = 0.5. */
const WORK: Work = {
  service: 'order',
  topic: 'payment.v1',
  arrivalsPerS: 100,
  recordsPerS: 100,
  transactionsPerS: 100,
  busy: 1,
  ageS: 1.6,
  servers: 2,
  backlog: 0,
  length: 1.5,
  bestPerServer: 100,
  transportMs: null,
}

describe('a consumer as a queue', () => {
  it('is M/M/c where each transaction takes one record, and is compared with what was measured', () => {
    const { utilisation, predicted, measured, error_share, ends } = stationOf(WORK)
    // Two servers at half their load: an arrival waits with 1/3, and W = 1/μ + (1/3)/(2μ−λ) = 13.3 ms.
    expect(utilisation).toBeCloseTo(0.5)
    expect(predicted).toEqual({
      wait_ms: expect.closeTo(3.333, 2),
      time_ms: expect.closeTo(13.333, 2),
      length: expect.closeTo(1.3333, 3),
    })
    expect(measured).toEqual({ time_ms: 16, length: 1.5 })
    expect(error_share).toBeCloseTo(-0.1667, 3)
    expect(ends).toBeNull()
  })

  it('counts transactions as customers where they take several records, and says that this is where the model ends', () => {
    const { predicted, ends, batch } = stationOf({ ...WORK, transactionsPerS: 25, busy: 0.5 })
    // 25 transactions of 20 ms on two servers: ρ = 0.25, C = 0.1, W = 20 ms + 0.1/(100−25).
    expect(batch).toBe(4)
    expect(predicted.time_ms).toBeCloseTo(20 + 1_000 * (0.1 / 75), 2)
    expect(ends).toBe('batches')
  })

  it('has no rest, no prediction and no end of its backlog where more arrives than it can handle', () => {
    const station = stationOf({ ...WORK, arrivalsPerS: 300, backlog: 500 })
    expect(station).toMatchObject({ ends: 'saturated', drain_s: null, error_share: null })
    expect(station.predicted).toEqual({ wait_ms: null, time_ms: null, length: null })
  })

  it('drains in backlog/(cμ−λ)', () => {
    expect(stationOf({ ...WORK, backlog: 500 }).drain_s).toBe(5)
  })

  it('says that it does not know, and no nought, while nothing is handled', () => {
    const idle = { ...WORK, recordsPerS: 0, transactionsPerS: 0, busy: 0, ageS: 0, arrivalsPerS: null }
    expect(stationOf(idle)).toMatchObject({
      handled_per_s: null,
      utilisation: null,
      predicted: { time_ms: null },
      measured: { time_ms: null },
      ends: 'too_few',
    })
    // It works off what arrived before: of a queue's utilisation that says nothing.
    expect(stationOf({ ...WORK, arrivalsPerS: 0 })).toMatchObject({ ends: 'too_few' })
    expect(stationOf({ ...idle, servers: 0, backlog: null })).toMatchObject({
      ends: 'no_data',
      backlog: null,
      drain_s: null,
    })
  })
})

describe('the way from the log', () => {
  const rest = { ...WORK, recordsPerS: 10, transactionsPerS: 10, busy: 0.1, ageS: 0.16 }

  it('is what is left of the time at rest, and the least of it', () => {
    expect(transportMsOf(rest)).toBeCloseTo(6)
    expect(transportMsOf({ ...rest, transportMs: 4 })).toBe(4)
    expect(transportMsOf({ ...rest, transportMs: 9 })).toBeCloseTo(6)
  })

  it('stays as it was seen while the consumer is busy, or has too little to do', () => {
    expect(transportMsOf({ ...WORK, transportMs: 4 })).toBe(4)
    expect(transportMsOf({ ...rest, recordsPerS: 0.5, transportMs: 4 })).toBe(4)
  })

  it('is part of the prediction, and of the length', () => {
    const { predicted } = stationOf({ ...WORK, transportMs: 4 })
    expect(predicted.time_ms).toBeCloseTo(17.333, 2)
    expect(predicted.length).toBeCloseTo(1.7333, 3)
  })
})
