import { describe, expect, it } from '@jest/globals'
import { createLog } from './log.ts'
import { startSweep, startTimer } from './timer.ts'

const log = createLog({ service: 'test', instance: 'test-1', level: 'silent' })

/** Rounds that end when the test says so. */
function rounds() {
  const waiting: PromiseWithResolvers<boolean>[] = []
  let begun = Promise.withResolvers<void>()
  return {
    work: () => {
      const round = Promise.withResolvers<boolean>()
      waiting.push(round)
      begun.resolve()
      return round.promise
    },
    next: async () => {
      await begun.promise
      begun = Promise.withResolvers()
      return waiting.at(-1)!
    },
    count: () => waiting.length,
  }
}

describe('a timer', () => {
  it('works at once, again at once while there is more, and then waits', async () => {
    const { work, next, count } = rounds()
    const timer = startTimer('test', 60_000, work, log)
    ;(await next()).resolve(true)
    ;(await next()).resolve(false)
    await timer.stop()
    expect(count()).toBe(2)
  })

  it('goes on after a round that failed', async () => {
    const { work, next, count } = rounds()
    const timer = startTimer('test', 1, work, log)
    ;(await next()).reject(new Error('no'))
    ;(await next()).resolve(false)
    await timer.stop()
    expect(count()).toBeGreaterThanOrEqual(2)
  })

  it('is woken, also in the middle of a round: what came during it is not left for the next time', async () => {
    const { work, next, count } = rounds()
    const timer = startTimer('test', 60_000, work, log)
    const first = await next()
    timer.wake()
    first.resolve(false)
    const second = await next()
    second.resolve(false)
    await Promise.resolve()
    const third = next()
    timer.wake()
    ;(await third).resolve(false)
    await timer.stop()
    expect(count()).toBe(3)
  })

  it('finishes its round before it stops', async () => {
    const { work, next } = rounds()
    const timer = startTimer('test', 60_000, work, log)
    const round = await next()
    let isStopped = false
    const stopped = timer.stop().then(() => {
      isStopped = true
    })
    await Promise.resolve()
    expect(isStopped).toBe(false)
    round.resolve(true)
    await stopped
  })
})

describe('a sweep', () => {
  it('deletes in batches until nothing old is left', async () => {
    let old = 2_500
    const batches: number[] = []
    const isDone = Promise.withResolvers<void>()

    const sweep = startSweep(
      'rows',
      (limit) => {
        const deleted = Math.min(limit, old)
        old -= deleted
        batches.push(deleted)
        if (deleted < limit) isDone.resolve()
        return Promise.resolve(deleted)
      },
      log,
    )
    await isDone.promise
    await sweep.stop()

    expect(batches).toEqual([1_000, 1_000, 500])
  })
})
