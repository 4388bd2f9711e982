import { describe, expect, it } from '@jest/globals'
import { createRoom } from './room.ts'

/** A room with a clock of its own, and an owner that answers when the test says so. */
function open() {
  let nowMs = 0
  const questions: PromiseWithResolvers<number | undefined>[] = []
  const room = createRoom(
    () => {
      const question = Promise.withResolvers<number | undefined>()
      questions.push(question)
      return question.promise
    },
    () => nowMs,
  )
  const enter = (times: number) => Array.from({ length: times }, () => room.enter()).filter(Boolean).length
  return { room, enter, questions, pass: (ms: number) => void (nowMs += ms) }
}

describe('the room that the order service has left', () => {
  it('has no end before anything is known', () => {
    expect(open().enter(100)).toBe(100)
  })

  it('is shared by the orders in flight', () => {
    const { room, enter } = open()
    room.learn(3)
    expect(enter(5)).toBe(3)

    room.leave()
    expect(enter(5)).toBe(1)
  })

  it('is asked for while orders come and there is none, once at a time', async () => {
    const { room, enter, questions, pass } = open()
    room.learn(0)
    enter(10)
    expect(questions).toHaveLength(1)

    questions[0]!.resolve(0)
    await new Promise((resolve) => setImmediate(resolve))
    enter(10)
    expect(questions).toHaveLength(1)
    pass(60)
    enter(10)
    expect(questions).toHaveLength(2)
  })

  it.each([
    [
      'says that there is no limit',
      (question: PromiseWithResolvers<number | undefined>) => question.resolve(undefined),
    ],
    [
      'does not answer',
      (question: PromiseWithResolvers<number | undefined>) => question.reject(new Error('away')),
    ],
  ])('has no end when the owner %s', async (_what, answer) => {
    const { room, enter, questions } = open()
    room.learn(0)
    enter(1)
    answer(questions[0]!)
    await new Promise((resolve) => setImmediate(resolve))

    expect(enter(100)).toBe(100)
  })

  it('is forgotten when it was learned long ago', () => {
    const { room, enter, pass } = open()
    room.learn(0)
    pass(1_000)

    expect(enter(10)).toBe(10)
  })
})
