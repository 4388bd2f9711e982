import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createLog } from '@lepton/common/runtime/log'
import { type Progress, superviseProgress } from './supervise.ts'

const log = createLog({ service: 'test', instance: 'test', level: 'silent' })
const settings = { everyMs: 1_000, fetchTimeoutMs: 10_000, workTimeoutMs: 20_000 }
let state: Progress
let isHealthy: boolean
let reasons: string[]
let supervision: { stop(): void }
let stoodStillMs: number

beforeEach(() => {
  jest.useFakeTimers()
  isHealthy = true
  reasons = []
  stoodStillMs = 0
  state = { isAssigned: true, fetchedAtMs: performance.now(), stalledSinceMs: undefined }
  supervision = superviseProgress(
    {
      progress: () => state,
      probe: () => (isHealthy ? Promise.resolve() : Promise.reject(new Error('away'))),
      onStuck: ({ message }) => reasons.push(message),
      log,
      now: () => performance.now() + stoodStillMs,
    },
    settings,
  )
})
afterEach(() => {
  supervision.stop()
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

describe('a consumer', () => {
  it('that is answered goes on', async () => {
    for (let second = 0; second < 60; second++) {
      state.fetchedAtMs = performance.now()
      await pass(1_000)
    }
    expect(reasons).toEqual([])
  })

  it('that is answered nothing is stuck, once', async () => {
    await pass(60_000)
    expect(reasons).toEqual(['no fetch was answered for 10000 ms'])
  })

  it('that has no partition is not', async () => {
    state.isAssigned = false
    await pass(60_000)
    expect(reasons).toEqual([])
  })

  it('that finishes nothing is stuck although it fetches', async () => {
    state.stalledSinceMs = performance.now()
    for (let second = 0; second < 45; second++) {
      state.fetchedAtMs = performance.now()
      await pass(1_000)
    }
    expect(reasons).toEqual(['nothing was finished for 20000 ms'])
  })

  it('is not stuck in an outage, nor at once after it', async () => {
    isHealthy = false
    await pass(60_000)
    isHealthy = true
    await pass(9_000)
    expect(reasons).toEqual([])
    await pass(3_000)
    expect(reasons).toHaveLength(1)
  })

  it('is not stuck because its process stood still', async () => {
    await pass(1_000)
    stoodStillMs = 60_000
    await pass(9_000)
    expect(reasons).toEqual([])
  })
})
