import { describe, expect, it } from '@jest/globals'
import { createRetryBudget, retryBudgetDefaults } from './retry-budget.ts'
import { decideRetry, type Failure, isIdempotent, retryDefaults } from './retry.ts'

const sentFailure: Failure = {
  wasSent: true,
  isRetryable: true,
  sent: 1,
  unsent: 0,
  inboundAttempt: 1,
  hasOther: true,
  remainingMs: 1000,
  medianMs: 20,
}

function decide(failure: Partial<Failure>, { random = () => 0.5, tokens = true } = {}) {
  const budget = { deposit: () => {}, withdraw: () => tokens, balance: () => 0 }
  return decideRetry({ ...sentFailure, ...failure }, { settings: retryDefaults, budget, random })
}

describe('retry', () => {
  it('is made once, elsewhere, after a jittered pause', () => {
    expect(decide({})).toEqual({ again: true, delayMs: 12.5 })
    expect(decide({ sent: 2 })).toEqual({ again: false, because: 'exhausted' })
    expect(decide({ hasOther: false })).toEqual({ again: false, because: 'no_endpoint' })
  })

  it('is not made for what may not run twice, unless nothing was sent', () => {
    expect(decide({ isRetryable: false })).toEqual({ again: false, because: 'not_idempotent' })
    expect(decide({ isRetryable: false, wasSent: false, sent: 0, unsent: 1 })).toEqual({
      again: true,
      delayMs: 0,
    })
  })

  it('moves on at once, a few times, while nothing could be sent', () => {
    const unsent = (count: number) => decide({ wasSent: false, sent: 0, unsent: count }, { tokens: false })

    expect([1, 2, 3, 4].map((count) => unsent(count).again)).toEqual([true, true, true, false])
  })

  it('is left to the caller that tries again itself', () => {
    expect(decide({ inboundAttempt: 2 })).toEqual({ again: false, because: 'outer_layer' })
  })

  it('needs more time than half of the calls take', () => {
    expect(decide({ remainingMs: 30 })).toEqual({ again: false, because: 'deadline' })
    expect(decide({ remainingMs: 33 }).again).toBe(true)
  })

  it('needs the budget', () => {
    expect(decide({}, { tokens: false })).toEqual({ again: false, because: 'budget' })
  })

  it('knows what may be sent twice', () => {
    expect(isIdempotent('GET', {})).toBe(true)
    expect(isIdempotent('DELETE', {})).toBe(true)
    expect(isIdempotent('POST', {})).toBe(false)
    expect(isIdempotent('POST', { 'Idempotency-Key': 'k' })).toBe(true)
  })
})

describe('retry budget', () => {
  function setUp() {
    const clock = { ms: 0 }
    return { clock, budget: createRetryBudget(retryBudgetDefaults, () => clock.ms) }
  }

  function drain(budget: { withdraw(): boolean }): number {
    let count = 0
    while (budget.withdraw()) count += 1
    return count
  }

  it('gives a quiet client ten retries in ten seconds', () => {
    expect(drain(setUp().budget)).toBe(10)
  })

  it('gives a busy client one retry for five requests besides', () => {
    const { budget } = setUp()
    for (let request = 0; request < 1000; request++) budget.deposit()

    expect(drain(budget)).toBe(210)
  })

  it('forgets deposits and withdrawals after ten seconds', () => {
    const { budget, clock } = setUp()
    for (let request = 0; request < 1000; request++) budget.deposit()
    drain(budget)
    clock.ms = 9999
    expect(drain(budget)).toBe(0)
    clock.ms = 10_000
    expect(drain(budget)).toBe(10)
    clock.ms = 1e9
    expect(drain(budget)).toBe(10)
  })
})
