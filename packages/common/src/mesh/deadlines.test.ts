import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { createDeadlines } from './deadlines.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

it('expires each when its time is over, whichever was added first, and one that was called off never', () => {
  const { add } = createDeadlines()
  const expired: string[] = []
  const expire = (name: string) => () => void expired.push(name)
  add(300, expire('long'))
  add(100, expire('short'))
  const callOff = add(200, expire('called off'))
  jest.advanceTimersByTime(150)
  expect(expired).toEqual(['short'])
  callOff()
  jest.advanceTimersByTime(1_000)
  expect(expired).toEqual(['short', 'long'])
})

it('has one timer, whatever waits for it', () => {
  const { add } = createDeadlines()
  for (let ms = 1_000; ms > 900; ms--) add(ms, () => undefined)
  expect(jest.getTimerCount()).toBe(1)
})

it('takes a deadline that is added by one that expires', () => {
  const { add } = createDeadlines()
  const expired: string[] = []
  add(100, () => {
    expired.push('first')
    add(50, () => void expired.push('second'))
  })
  add(500, () => void expired.push('last'))
  jest.advanceTimersByTime(200)
  expect(expired).toEqual(['first', 'second'])
  jest.advanceTimersByTime(400)
  expect(expired).toEqual(['first', 'second', 'last'])
})
