import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createMetrics } from '../runtime/metrics.ts'
import { createInboundLimit, type InboundLimit } from './inbound-limit.ts'

let inbound: InboundLimit
let nowMs = 0

/** Lets time pass; the event loop is `lateMs` behind all the while. */
function pass(ms: number, lateMs = 0): void {
  for (let passed = 0; passed < ms; passed += 20 + lateMs) {
    nowMs += 20 + lateMs
    jest.advanceTimersByTime(20)
  }
}

beforeEach(() => {
  jest.useFakeTimers()
  nowMs = 0
  inbound = createInboundLimit({
    metrics: createMetrics(),
    settings: { initial: 10, min: 5, max: 100, targetMs: 40, windowMs: 100 },
    now: () => nowMs,
  })
})

afterEach(() => {
  inbound.stop()
  jest.useRealTimers()
})

const enterAll = (priority: 'settle' | 'read' | 'change' | 'intake', most = 1_000) => {
  let entered = 0
  while (entered < most && inbound.enter(priority)) entered += 1
  return entered
}

describe('what an instance takes in', () => {
  it('is refused by worth: new orders first, then changes, then reads, and never what ends work', () => {
    expect([enterAll('intake'), enterAll('change'), enterAll('read'), enterAll('settle', 50)]).toEqual([
      3, 6, 1, 50,
    ])
  })

  it('shrinks while its own queue is long, down to the least, and grows back when it is used', () => {
    enterAll('intake')
    pass(3_000, 100)
    expect(inbound.limit()).toBe(5)

    pass(1_000)
    expect(inbound.limit()).toBeGreaterThan(10)
  })

  it('stays as it is while it is not used, and while what takes long is no queue of ours', () => {
    inbound.enter('read')
    pass(5_000)

    expect(inbound.limit()).toBe(10)
  })

  it('comes back to where it began though little is asked for: a burst must not meet an old limit', () => {
    const entered = enterAll('intake')
    pass(3_000, 100)
    for (let left = 0; left < entered; left++) inbound.leave()
    inbound.enter('read')
    pass(2_000)

    expect(inbound.limit()).toBe(10)
  })

  it('shrinks when requests wait for a connection of the database', () => {
    enterAll('intake')
    for (let look = 0; look < 100; look++) {
      inbound.waited(500)
      pass(20)
    }

    expect(inbound.limit()).toBe(5)
  })
})
