import { describe, expect, it } from '@jest/globals'
import type { ServiceInstance } from './consul.ts'
import {
  applyAnswer,
  emptyMembership,
  knownInstances,
  type Membership,
  nextExpiryMs,
  rememberedMembership,
  withoutExpired,
} from './membership.ts'

function instances(names: string): ServiceInstance[] {
  return Array.from(names).map((name) => ({
    id: name,
    name,
    address: '',
    port: 1,
    tags: [],
    meta: {},
    isWarning: false,
    weight: 1,
  }))
}

function answer(membership: Membership, names: string, nowMs = 0) {
  return applyAnswer(membership, instances(names), { nowMs, holdMs: HOLD_MS, gatherMs: 3_000 })
}

const HOLD_MS = 30_000

function show(membership: Membership): string {
  return knownInstances(membership)
    .map(({ name, tier }) => ({ verified: name, unverified: `(${name})`, gone: `-${name}` })[tier])
    .join('')
}

describe('membership', () => {
  it('believes joins and small losses', () => {
    const four = answer(emptyMembership, 'abcd')

    expect(show(answer(four, 'abcde'))).toBe('abcde')
    expect(show(answer(four, 'ab'))).toBe('ab-c-d')
    expect(show(answer(answer(emptyMembership, 'ab'), 'a'))).toBe('a-b')
  })

  it('holds who was lost when more than half of three go at once', () => {
    const next = answer(answer(emptyMembership, 'abc'), 'a')

    expect(next.isSuspicious).toBe(true)
    expect(show(next)).toBe('a(b)(c)')
  })

  it('holds everybody when the list becomes empty, even the only one', () => {
    expect(show(answer(answer(emptyMembership, 'a'), ''))).toBe('(a)')
  })

  it('holds everybody when they are lost one by one at the same time', () => {
    const two = answer(emptyMembership, 'ab')
    const three = answer(emptyMembership, 'abc')

    expect(show(answer(answer(two, 'b', 1000), '', 1040))).toBe('(b)(a)')
    expect(show(answer(answer(three, 'bc', 1000), 'c', 1040))).toBe('c(b)(a)')
    expect(show(answer(answer(answer(two, 'b', 1000), '', 1040), 'a', 1080))).toBe('a(b)')
  })

  it('believes losses that follow each other slowly, as in a restart of one after the other', () => {
    const three = answer(emptyMembership, 'abc')

    expect(show(answer(answer(three, 'bc', 1000), 'c', 4000))).toBe('c-a-b')
    expect(show(answer(answer(three, 'bcA', 1000), 'cA', 4000))).toBe('cA-a-b')
  })

  it('forgets those whose loss it believed after a while, or when they return', () => {
    const lost = answer(answer(emptyMembership, 'abc'), 'ab', 1000)

    expect(show(lost)).toBe('ab-c')
    expect(nextExpiryMs(lost, HOLD_MS)).toBe(31_000)
    expect(show(withoutExpired(lost, { nowMs: 31_000, holdMs: HOLD_MS }))).toBe('ab')
    expect(show(answer(lost, 'abc', 2000))).toBe('abc')
  })

  it('keeps holding through the next answers, and lets go in time or when they return', () => {
    const held = answer(answer(emptyMembership, 'abc'), '', 1000)
    const again = answer(held, '', 5000)
    const partly = answer(again, 'b', 6000)

    expect(nextExpiryMs(again, HOLD_MS)).toBe(31_000)
    expect(show(partly)).toBe('b(a)(c)')
    expect(show(withoutExpired(partly, { nowMs: 30_999, holdMs: HOLD_MS }))).toBe('b(a)(c)')
    expect(show(withoutExpired(partly, { nowMs: 31_000, holdMs: HOLD_MS }))).toBe('b')
  })

  it('uses what a file remembers until the catalogue names an instance', () => {
    const remembered = rememberedMembership(instances('ab'))

    expect(show(remembered)).toBe('(a)(b)')
    expect(nextExpiryMs(remembered, HOLD_MS)).toBe(Infinity)
    expect(show(answer(remembered, 'c'))).toBe('c')
    expect(show(answer(remembered, ''))).toBe('(a)(b)')
    expect(nextExpiryMs(answer(remembered, '', 7), HOLD_MS)).toBe(30_007)
  })
})
