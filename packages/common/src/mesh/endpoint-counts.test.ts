import { expect, it } from '@jest/globals'
import { countsOf, countTry, RTT_BOUNDS_S } from './endpoint-counts.ts'
import type { Endpoint } from './endpoint.ts'

it('counts what became of tries, and how long they took, apart for each endpoint', () => {
  const [one, other] = [{}, {}] as Endpoint[]
  countTry(one!, 'success', 3)
  countTry(one!, 'failure', 700)
  countTry(one!, 'neutral', 60_000)

  const { ended, failed, buckets } = countsOf(one!)
  expect([ended, failed]).toEqual([3, 1])
  expect(buckets).toEqual([...RTT_BOUNDS_S.map((le) => (le < 0.003 ? 0 : le < 0.7 ? 1 : 2)), 3])
  expect(countsOf(other!).ended).toBe(0)
})
