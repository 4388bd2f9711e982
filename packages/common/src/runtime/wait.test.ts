import { describe, expect, it } from '@jest/globals'
import { createWakeable, pause, within } from './wait.ts'

const LONG_MS = 60_000
const never = new Promise<never>(() => undefined)

describe('a wait', () => {
  it('ends early when its signal fires, and does not begin after it', async () => {
    const stopping = new AbortController()
    const waiting = pause(LONG_MS, stopping.signal)
    stopping.abort()
    await waiting
    await pause(LONG_MS, stopping.signal)
  })

  it('gives what came in time, and the other thing where nothing did', async () => {
    await expect(within(LONG_MS, Promise.resolve('in time'), 'late')).resolves.toBe('in time')
    await expect(within(1, never, 'late')).resolves.toBe('late')
    await expect(within(LONG_MS, Promise.reject(new Error('fault')), 'late')).rejects.toThrow('fault')
  })

  it('is ended by a wake, also by one that came before it, but by each only once', async () => {
    const wakeable = createWakeable()
    const waiting = wakeable.wait(LONG_MS)
    wakeable.wake()
    await waiting

    wakeable.wake()
    wakeable.wake()
    await wakeable.wait(LONG_MS)
    const again = wakeable.wait(LONG_MS)
    await expect(within(1, again, 'still waiting')).resolves.toBe('still waiting')
    wakeable.wake()
    await again
  })
})
