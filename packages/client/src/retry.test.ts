import { describe, expect, it } from '@jest/globals'
import { delayBeforeNext, RETRY } from './retry.ts'
import { ShopError } from './shop-error.ts'

const refused = (slug: string, status: number, retryAfterMs?: number) =>
  new ShopError({ type: `/problems/${slug}`, title: slug, status }, retryAfterMs)
const never = () => 0

describe('a request that failed', () => {
  it.each([
    ['unavailable', 503],
    ['overloaded', 503],
    ['too-many-requests', 429],
    ['deadline-exceeded', 504],
    ['request-in-progress', 409],
    ['no-answer', 0],
  ])('is sent again after %s', (slug, status) => {
    expect(delayBeforeNext(refused(slug, status), 1, RETRY, never)).toBe(RETRY.firstDelayMs)
  })

  it.each([
    ['cart-changed', 409],
    ['forbidden', 403],
    ['internal-error', 500],
    ['idempotency-key-reused', 422],
  ])('is not sent again after %s, which would come again', (slug, status) => {
    expect(delayBeforeNext(refused(slug, status), 1, RETRY, never)).toBeUndefined()
  })

  it('is sent again when a proxy says that it could not reach the shop', () => {
    const badGateway = new ShopError({ type: 'about:blank', title: 'Bad Gateway', status: 502 })
    expect(delayBeforeNext(badGateway, 1, RETRY, never)).toBe(RETRY.firstDelayMs)
  })

  it('waits longer each time, less a random half, and gives up', () => {
    const error = refused('unavailable', 503)
    const delays = [1, 2, 3, 4].map((tries) => delayBeforeNext(error, tries, RETRY, never))

    expect(delays).toEqual([200, 400, 800, undefined])
    expect(delayBeforeNext(error, 3, RETRY, () => 1)).toBe(400)
  })

  it('waits as long as the shop says, and gives up where that is too long', () => {
    expect(delayBeforeNext(refused('overloaded', 503, 1_000), 1, RETRY, never)).toBe(1_000)
    expect(delayBeforeNext(refused('too-many-requests', 429, 60_000), 1, RETRY, never)).toBeUndefined()
  })

  it('is not sent again after a bug of ours', () => {
    expect(delayBeforeNext(new TypeError('bug'), 1, RETRY, never)).toBeUndefined()
  })
})
