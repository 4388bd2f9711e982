import { expect, it } from '@jest/globals'
import { createOnce } from './once.ts'

const request = { owner: 'Ada', path: '/ops/instances/order-1/kill', key: 'a key', body: { reason: 'why' } }
let nowMs = 0

function counting() {
  const once = createOnce(() => nowMs)
  let count = 0
  const act = () => Promise.resolve({ status: 200, body: (count += 1) })
  return { once, act, count: () => count }
}

it('acts once for a key, also while the first is not over, and for another person again', async () => {
  const { once, act } = counting()

  const [first, twin] = await Promise.all([once(request, act), once(request, act)])
  const other = await once({ ...request, owner: 'Grace' }, act)

  expect([first.body, twin.body, other.body]).toEqual([1, 1, 2])
  expect([first.headers, twin.headers]).toEqual([undefined, { 'idempotency-replayed': 'true' }])
})

it('acts again for a key after ten minutes, or when what it was first used for was refused', async () => {
  const { once, act, count } = counting()
  await expect(once(request, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  await once(request, act)
  nowMs += 600_001
  await once(request, act)

  expect(count()).toBe(2)
})

it('refuses a key that comes with another wish, and keeps no more than a thousand', async () => {
  const { once, act, count } = counting()
  await once(request, act)
  await expect(once({ ...request, body: { reason: 'another' } }, act)).rejects.toMatchObject({
    slug: 'idempotency-key-reused',
  })
  for (let key = 0; key < 1_000; key++) await once({ ...request, key: `key ${key}` }, act)
  await once(request, act)

  expect(count()).toBe(1_002)
})
