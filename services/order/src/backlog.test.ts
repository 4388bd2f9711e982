import { describe, expect, it } from '@jest/globals'
import { createBacklog } from './backlog.ts'

const SETTINGS = { min: 10, max: 100, slowMs: 250 }
const TOPIC = 'inventory.v1'

/** A backlog with a clock of its own. */
function open(inProgress = 0) {
  let nowMs = 0
  const count = { inProgress }
  const backlog = createBacklog(
    () => Promise.resolve(count.inProgress),
    SETTINGS,
    () => nowMs,
  )
  return {
    backlog,
    count,
    /** What inventory answers in so many rounds of 400 ms, each of which judges the limit. */
    async answer(waits: number[], rounds = 1): Promise<number | undefined> {
      for (let round = 0; round < rounds; round++) {
        for (const waitMs of waits) backlog.answered(TOPIC, waitMs)
        nowMs += 400
        backlog.room()
        await new Promise((resolve) => setImmediate(resolve))
      }
      return backlog.room()
    },
    pass: (ms: number) => void (nowMs += ms),
  }
}

describe('orders in progress', () => {
  it('are not limited while they are few', async () => {
    const { answer, backlog } = open(40)
    expect(await answer([20])).toBeUndefined()
    expect(backlog.isFull()).toBe(false)
  })

  it('are taken up to the limit and a little beyond, which answers the last word that was given', async () => {
    const { answer, backlog } = open(90)
    expect(await answer([20])).toBe(10)

    for (let taken = 0; taken < 12; taken++) backlog.took()
    expect([backlog.room(), backlog.isFull()]).toEqual([-2, false])
    for (let taken = 0; taken < 30; taken++) backlog.took()
    expect(backlog.isFull()).toBe(true)
  })

  it('have a limit that shrinks while steps wait for our own work, and grows when they do not', async () => {
    const { answer, count } = open(90)
    expect(await answer([600], 1)).toBe(72 - 90)
    count.inProgress = 60
    expect(await answer([600], 1)).toBe(48 - 60)
    expect(await answer([600], 20)).toBe(10 - 60)

    expect(await answer([20], 60)).toBe(100 - 60)
  })

  it('are taken beside an instance that is stuck: what it holds up has not been answered', async () => {
    const { answer } = open(60)
    expect(await answer([20, 20, 20, 60_000, 60_000])).toBe(100 - 60)
  })

  it('are taken in an outage, however many: nothing is answered', async () => {
    const { answer, backlog, pass } = open(5_000)
    await answer([600])
    pass(700)
    backlog.room()
    await new Promise((resolve) => setImmediate(resolve))
    pass(700)
    backlog.room()
    await new Promise((resolve) => setImmediate(resolve))

    expect([backlog.room(), backlog.isFull()]).toEqual([undefined, false])
  })
})
