import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { breakerDefaults, BreakerOpen, createBreaker } from './breaker.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

function setUp(settings = {}) {
  const rotate = new EventEmitter()
  const changes: string[] = []
  const breaker = createBreaker({
    name: 'order getOrder',
    rotate,
    settings: { ...breakerDefaults, ...settings },
    judgeResult: (result) => (result === 500 ? 'bad' : result === 504 ? 'nothing' : 'good'),
    judgeError: (error) => ((error as Error).message === 'not theirs' ? 'nothing' : 'bad'),
    onChange: (state) => changes.push(state),
    now: Date.now,
  })

  async function call(result: number, times = 1) {
    for (let count = 0; count < times; count++) await breaker.run(() => Promise.resolve(result))
  }

  function pass(seconds: number) {
    for (let second = 0; second < seconds; second++) {
      jest.advanceTimersByTime(1000)
      rotate.emit('rotate')
    }
  }

  return { breaker, changes, call, pass, rotate }
}

/** A call that ends when the test says so. */
function deferred() {
  return Promise.withResolvers<number>()
}

describe('breaker', () => {
  it('gives results and errors through, failures included', async () => {
    const { breaker } = setUp()

    expect(await breaker.run(() => Promise.resolve(500))).toBe(500)
    await expect(breaker.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  it('says nothing before there were ten calls', async () => {
    const { breaker, call } = setUp()
    await call(500, 9)
    expect(breaker.state()).toBe('closed')
    await call(500)
    expect(breaker.state()).toBe('open')
  })

  it('stays closed at half', async () => {
    const { breaker, call } = setUp()
    for (let count = 0; count < 30; count++) {
      await call(200)
      await call(500)
    }

    expect(breaker.state()).toBe('closed')
  })

  it('opens by what has ended: calls in flight, and ends that say nothing, do not make failures fewer', async () => {
    const { breaker, call } = setUp()
    const inFlight = deferred()
    const running = Array.from({ length: 20 }, () => breaker.run(() => inFlight.promise))
    await call(504, 20)
    await call(500, 10)
    expect(breaker.state()).toBe('open')
    inFlight.resolve(200)
    await Promise.all(running)
    expect(breaker.state()).toBe('open')
  })

  it('does not take for a failure what is not the fault of the service', async () => {
    const { breaker } = setUp()
    for (let count = 0; count < 40; count++) {
      await breaker.run(() => Promise.reject(new Error('not theirs'))).catch(() => {})
    }

    expect(breaker.state()).toBe('closed')
  })

  it('refuses while open, lets one probe through after the pause, and closes when it succeeds', async () => {
    const { breaker, call, pass, changes } = setUp()
    await call(500, 10)
    await expect(call(200)).rejects.toThrow(BreakerOpen)
    expect(breaker.retryAfterMs()).toBe(2_000)
    pass(2)
    expect(breaker.state()).toBe('half-open')

    const probe = deferred()
    const probing = breaker.run(() => probe.promise)
    await expect(call(200)).rejects.toThrow(BreakerOpen)
    probe.resolve(200)
    await probing
    await call(200)

    expect(changes).toEqual(['open', 'half-open', 'closed'])
  })

  it('opens again when the probe fails', async () => {
    const { breaker, call, pass } = setUp()
    await call(500, 10)
    pass(2)
    await call(500)

    expect(breaker.state()).toBe('open')
  })

  it('starts over when it is reset: failures of before do not open it again', async () => {
    const { breaker, call, changes } = setUp()
    await call(500, 10)
    breaker.reset()
    await call(200, 10)
    await call(500)

    expect([breaker.state(), changes]).toEqual(['closed', ['open', 'closed']])
  })

  it('does not open at the first failure after it closed', async () => {
    const { breaker, call, pass } = setUp()
    await call(500, 10)
    pass(2)
    await call(200)
    await call(500)

    expect(breaker.state()).toBe('closed')
  })

  it('is not closed by a call that began before it opened', async () => {
    const { breaker, call, pass } = setUp()
    const old = deferred()
    const straggler = breaker.run(() => old.promise)
    await call(500, 10)
    pass(2)
    old.resolve(200)

    expect(await straggler).toBe(200)
    expect(breaker.state()).toBe('half-open')
  })

  it('is not opened again by a call that began before it opened', async () => {
    const { breaker, call, pass } = setUp()
    const old = deferred()
    const straggler = breaker.run(() => old.promise)
    await call(500, 10)
    pass(2)
    old.resolve(500)
    await straggler

    expect(breaker.state()).toBe('half-open')
  })

  it('keeps no timer and no listener after shutdown', async () => {
    const { breaker, call, rotate } = setUp()
    await call(500, 10)
    breaker.shutdown()

    expect(jest.getTimerCount()).toBe(0)
    expect(rotate.listenerCount('rotate')).toBe(0)
  })

  it('is not closed by a probe that says nothing, and lets the next one in', async () => {
    const { breaker, call, pass, changes } = setUp()
    await call(500, 10)
    pass(2)
    expect(breaker.state()).toBe('half-open')

    await call(504)
    expect(breaker.state()).toBe('half-open')
    expect(breaker.retryAfterMs()).toBe(0)

    await call(500)
    expect(breaker.state()).toBe('open')
    pass(2)
    await call(504)
    await call(200)
    expect(breaker.state()).toBe('closed')
    expect(changes).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
  })
})
