import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Consumer } from 'kafkajs'
import { watchSilence } from './silence.ts'

const events = { FETCH: 'consumer.fetch', HEARTBEAT: 'consumer.heartbeat', GROUP_JOIN: 'consumer.group_join' }
let listeners: Map<string, () => void>
let isBusy: boolean
let isBrokerThere: boolean
let times: number
let watch: { stop(): void }

beforeEach(() => {
  jest.useFakeTimers()
  listeners = new Map()
  isBusy = false
  isBrokerThere = true
  times = 0
  const consumer = { events, on: (event: string, hear: () => void) => void listeners.set(event, hear) }
  watch = watchSilence(consumer as unknown as Pick<Consumer, 'events' | 'on'>, {
    silenceMs: 12_000,
    isBusy: () => isBusy,
    probe: () => (isBrokerThere ? Promise.resolve() : Promise.reject(new Error('away'))),
    onSilent: () => {
      times++
      watch.stop()
    },
  })
})
afterEach(() => {
  watch.stop()
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

describe('a consumer', () => {
  it.each([events.HEARTBEAT, events.GROUP_JOIN])('that is heard by %s goes on', async (event) => {
    for (let second = 0; second < 60; second++) {
      listeners.get(event)!()
      await pass(1_000)
    }
    expect(times).toBe(0)
  })

  it('that reads on although the group has forgotten it is silent', async () => {
    for (let second = 0; second < 20; second++) {
      listeners.get(events.FETCH)?.()
      await pass(1_000)
    }
    expect(times).toBe(1)
  })

  it('that hears nothing while the broker answers others is silent, once', async () => {
    await pass(11_000)
    expect(times).toBe(0)
    await pass(30_000)
    expect(times).toBe(1)
  })

  it('waits for a broker that is away', async () => {
    isBrokerThere = false
    await pass(120_000)
    expect(times).toBe(0)
    isBrokerThere = true
    listeners.get(events.HEARTBEAT)!()
    await pass(11_000)
    expect(times).toBe(0)
  })

  it('is silent from when the broker is back, not from when it went', async () => {
    await pass(5_000)
    isBrokerThere = false
    await pass(10_000)
    isBrokerThere = true
    await pass(10_000)
    expect(times).toBe(0)
    await pass(4_000)
    expect(times).toBe(1)
  })

  it('that is at work is not silent', async () => {
    isBusy = true
    await pass(60_000)
    isBusy = false
    await pass(11_000)
    expect(times).toBe(0)
  })
})
