import { describe, expect, it } from '@jest/globals'
import { judge, type Limits, nearestFirst, say, type Watched, worstFirst } from './judge.ts'

const LIMITS: Limits = { threshold: 5, for_s: 10, over: 'above' }
const START = Date.UTC(2026, 0, 1)

/** What becomes of an alarm that reads these values, one each five seconds. */
function states(values: (number | null)[], limits = LIMITS, counts = true): string[] {
  let line: Watched | undefined
  return values.map((value, index) => {
    line = judge('key', line, { labels: {}, value, counts }, limits, START + index * 5_000)
    return `${line.state}${line.raised_at === null ? '' : ' raised'}`
  })
}

describe('an alarm', () => {
  it('is pending for its time, then firing, and ok with the first good figure', () => {
    expect(states([5, 6, 6, 6, 5])).toEqual(['ok', 'pending', 'pending', 'firing raised', 'ok'])
  })

  it('begins to count again when the figure was good in between', () => {
    expect(states([6, 6, 0, 6, 6])).toEqual(['pending', 'pending', 'ok', 'pending', 'pending'])
  })

  it('is neither good nor cleared while nothing is known, and fires on at once afterwards', () => {
    expect(states([null, 6, 6, 6, null, 6, null, 1])).toEqual([
      'no_data',
      'pending',
      'pending',
      'firing raised',
      'no_data raised',
      'firing raised',
      'no_data raised',
      'ok',
    ])
  })

  it('takes the other side of the threshold where that is the bad one', () => {
    expect(states([1, 0], { threshold: 0, for_s: 0, over: 'at_most' })).toEqual(['ok', 'firing raised'])
  })

  it('is quiet about a figure that says nothing now', () => {
    expect(states([99, 99, 99], LIMITS, false)).toEqual(['ok', 'ok', 'ok'])
  })

  it('comes with its worst lines first', () => {
    const lines = (['ok', 'no_data', 'firing', 'pending'] as const).map((state) => ({ state }))
    expect(worstFirst(lines).map(({ state }) => state)).toEqual(['firing', 'pending', 'no_data', 'ok'])
  })

  it.each([
    ['above', [9, 5, 1]],
    ['at_most', [1, 5, 9]],
  ] as const)('shows what is nearest to its threshold first: %s', (over, wanted) => {
    const lines = [5, 9, 1].map((value) => ({ value }))
    expect(nearestFirst(lines, over).map(({ value }) => value)).toEqual(wanted)
  })

  it.each([
    ['s', 7.04, 'events of order wait 7 s'],
    ['share', 0.051, 'events of order wait 5.1 %'],
    ['count', 3, 'events of order wait 3'],
  ] as const)('says its value in %s', (unit, value, text) => {
    const words = 'events of {service} wait {value}'
    expect(say({ words, unit }, { labels: { service: 'order' }, value })).toBe(text)
  })
})
