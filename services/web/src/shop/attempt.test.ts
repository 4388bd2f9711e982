import { beforeEach, describe, expect, it } from '@jest/globals'
import { attemptFor, forgetAttempt, isFresh, savedAttempt } from './attempt.ts'

const BODY = { payment_token: 'tok_approved', mode: 'saga', cart_version: 3, amount_minor: 7_900 } as const
let kept: Map<string, string>
let keys: number
let storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
const newKey = () => `key-${++keys}`

beforeEach(() => {
  kept = new Map()
  keys = 0
  storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  }
})

describe('a wish to order', () => {
  it('keeps its key when the button is pressed twice, and when the page is loaded again', () => {
    const first = attemptFor(BODY, storage, newKey)

    expect(attemptFor({ ...BODY }, storage, newKey)).toEqual(first)
    expect(savedAttempt(storage)).toEqual(first)
  })

  it.each([
    { payment_token: 'tok_slow' },
    { mode: 'two_phase' as const },
    { cart_version: 4 },
    { amount_minor: 1 },
  ])('is another one with %j', (change) => {
    const first = attemptFor(BODY, storage, newKey)

    expect(attemptFor({ ...BODY, ...change }, storage, newKey).key).not.toBe(first.key)
  })

  it('is not sent by a page by itself when it is old: its shopper may have changed their mind', () => {
    const attempt = attemptFor(BODY, storage, newKey, 1_000)

    expect(isFresh(attempt, 30_000)).toBe(true)
    expect(isFresh(attempt, 62_000)).toBe(false)
  })

  it('is another one after the shop has answered', () => {
    const first = attemptFor(BODY, storage, newKey)
    forgetAttempt(storage)

    expect(savedAttempt(storage)).toBeUndefined()
    expect(attemptFor(BODY, storage, newKey).key).not.toBe(first.key)
  })
})
