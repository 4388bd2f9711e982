import { describe, expect, it } from '@jest/globals'
import {
  createHealth,
  eject,
  ejectionDefaults as settings,
  isProbeDue,
  maxEjected,
  type Outcome,
  recordOutcome,
  revive,
  sweepHealth,
} from './ejection.ts'

function record(health: ReturnType<typeof createHealth>, outcome: Outcome, nowMs: number, startedMs = nowMs) {
  return recordOutcome(health, outcome, { startedMs, nowMs, settings })
}

describe('ejection', () => {
  it('condemns an endpoint at the fifth failure in a row', () => {
    const health = createHealth(0)
    for (let second = 0; second < 100; second++) record(health, 'success', second)

    const verdicts = [1, 2, 3, 4, 5].map((step) => record(health, 'failure', 100 + step))

    expect(verdicts).toEqual([undefined, undefined, undefined, undefined, 'consecutive-failures'])
  })

  it('condemns an endpoint that fails every third request', () => {
    const health = createHealth(0)
    const outcomes: Outcome[] = ['success', 'success', 'failure', 'success', 'success', 'failure']

    const verdicts = outcomes.map((outcome, step) => record(health, outcome, step * 10))

    expect(verdicts.at(-1)).toBe('success-rate')
  })

  it('does not judge a rate on fewer than five requests', () => {
    const health = createHealth(0)

    const verdicts = (['success', 'failure', 'failure', 'failure'] as const).map((o) => record(health, o, 0))

    expect(verdicts.every((verdict) => verdict === undefined)).toBe(true)
  })

  it('forgets failures as the window passes', () => {
    const health = createHealth(0)
    for (let step = 0; step < 4; step++) record(health, 'failure', 0)
    record(health, 'success', 1)
    for (let step = 0; step < 30; step++) record(health, 'success', 120_000 + step)

    expect(record(health, 'failure', 121_000)).toBeUndefined()
  })

  it('counts soft failures in the rate but not in the row', () => {
    const health = createHealth(0)
    const verdicts = [1, 2, 3, 4].map(() => record(health, 'soft', 0))

    expect(verdicts).toEqual([undefined, undefined, undefined, undefined])
    expect(health.consecutive).toBe(0)
    expect(record(health, 'soft', 0)).toBe('success-rate')
  })

  it('condemns an endpoint that only refuses, however well it was before', () => {
    const health = createHealth(0)
    for (let step = 0; step < 1_000; step++) record(health, 'success', step)

    expect(record(health, 'refusing', 1_000)).toBe('refusals')
  })

  it('takes nothing from a neutral outcome', () => {
    const health = createHealth(0)
    for (let step = 0; step < 20; step++) expect(record(health, 'neutral', 0)).toBeUndefined()

    expect(health).toEqual(createHealth(0))
  })

  it('doubles the time out with each offence, between half and all of the step', () => {
    const health = createHealth(0)
    const times = [0, 1, 2, 10].map((offences) => {
      health.offences = offences
      eject(health, { nowMs: 1000, isAlone: true, settings: settings, random: () => 0 })
      const shortest = health.probeAtMs - 1000
      health.offences = offences
      eject(health, { nowMs: 1000, isAlone: true, settings: settings, random: () => 1 })
      return [shortest, health.probeAtMs - 1000]
    })

    expect(times).toEqual([
      [2500, 5000],
      [5000, 10_000],
      [10_000, 20_000],
      [150_000, 300_000],
    ])
  })

  it('is brought back by one success, but not by a request from before', () => {
    const health = createHealth(0)
    eject(health, { nowMs: 1000, isAlone: true, settings: settings, random: () => 0 })

    expect(isProbeDue(health, 3499)).toBe(false)
    expect(isProbeDue(health, 3500)).toBe(true)
    health.state = 'probing'
    expect(record(health, 'success', 3600, 900)).toBeUndefined()
    expect(record(health, 'failure', 3600, 900)).toBeUndefined()
    expect(record(health, 'success', 3601, 3550)).toBe('revive')
  })

  it('goes out for longer when the probe fails, and a 429 fails it too', () => {
    const health = createHealth(0)
    eject(health, { nowMs: 0, isAlone: true, settings: settings, random: () => 0 })
    health.state = 'probing'

    expect(record(health, 'soft', 3000)).toBe('failed-probe')
  })

  it('becomes due again when the probe says nothing', () => {
    const health = createHealth(0)
    eject(health, { nowMs: 0, isAlone: true, settings: settings, random: () => 0 })
    health.state = 'probing'

    expect(record(health, 'neutral', 3000)).toBeUndefined()
    expect(isProbeDue(health, 3000)).toBe(true)
  })

  it('keeps offences through a revival and pays one off for each clean sweep', () => {
    const health = createHealth(0)
    eject(health, { nowMs: 0, isAlone: true, settings: settings, random: () => 0 })
    revive(health, 5000)
    expect(health.offences).toBe(1)

    record(health, 'failure', 5001)
    sweepHealth(health)
    expect(health.offences).toBe(1)
    sweepHealth(health)
    expect(health.offences).toBe(0)
  })

  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [9, 4],
  ])('lets at most half go, but one of two and never the only one: of %i, %i', (count, most) => {
    expect(maxEjected(count, 0.5)).toBe(most)
  })
})
