import { expect, it } from '@jest/globals'
import { pairOf, type Seen, type SeenEndpoint } from './pair.ts'

const LE = [0.01, 0.1]
const endpoint = (instance: string, perS: number | null, rest: Partial<SeenEndpoint> = {}): SeenEndpoint => ({
  instance,
  standing: 'healthy',
  ejected_ms: null,
  transport: 'http1',
  is_encrypted: true,
  weight: 1,
  pending: 1,
  perS,
  failedPerS: perS === null ? null : 0,
  buckets: [perS ?? 0, perS ?? 0, perS ?? 0],
  ...rest,
})
const seen = (endpoints: SeenEndpoint[], rest: Partial<Seen> = {}): Seen => ({
  policy: 'load',
  budget: 10,
  is_panicking: false,
  discovery_age_s: 1,
  retriedPerS: 0.5,
  breakers: [],
  endpoints,
  ...rest,
})
const pair = (all: Seen[], drained: string[] = []) =>
  pairOf({ caller: 'cart', target: 'order' }, all, LE, (name) => drained.includes(name))

it('is what all instances of the caller see together: shares beside what the weights say', () => {
  const { endpoints, ...whole } = pair([
    seen([endpoint('order-1', 6), endpoint('order-2', 2, { weight: 3, failedPerS: 1 })]),
    seen([endpoint('order-1', 2), endpoint('order-2', 0, { weight: 3 })], { policy: 'latency', budget: 4 }),
  ])

  expect(whole).toMatchObject({
    policies: ['load', 'latency'],
    calls_per_s: 10,
    success_share: 0.9,
    retried_per_s: 1,
    budget: 4,
  })
  expect(endpoints).toMatchObject([
    { instance: 'order-1', share: 0.8, expected_share: 0.25, success_share: 1, pending: 2 },
    { instance: 'order-2', share: 0.2, expected_share: 0.75, success_share: 0.5 },
  ])
})

it('says how it is spoken to: encrypted only where all do so', () => {
  const { endpoints } = pair([
    seen([
      endpoint('order-1', 1),
      endpoint('order-2', 1),
      endpoint('order-3', 0, { transport: null, is_encrypted: null }),
    ]),
    seen([endpoint('order-1', 1, { transport: 'frames' }), endpoint('order-2', 1, { is_encrypted: false })]),
  ])

  expect(endpoints.map(({ transports, is_encrypted }) => [transports, is_encrypted])).toEqual([
    [['http1', 'frames'], true],
    [['http1'], false],
    [[], null],
  ])
})

it('expects nothing of what is ejected or drained, and says for how long', () => {
  const { endpoints } = pair(
    [
      seen([
        endpoint('order-1', 5),
        endpoint('order-2', 0, { standing: 'ejected', ejected_ms: 4_000 }),
        endpoint('order-3', 0),
      ]),
      seen([endpoint('order-2', 0, { standing: 'ejected', ejected_ms: 9_000 })]),
    ],
    ['order-3'],
  )

  expect(endpoints.map(({ expected_share }) => expected_share)).toEqual([1, 0, 0])
  expect(endpoints[1]).toMatchObject({ standing: 'ejected', ejected_for_s: 9, success_share: null })
  expect(endpoints[2]).toMatchObject({ is_drained: true })
})

it('does not know a share before there was a second look, and says so by null', () => {
  const { calls_per_s, success_share, p99_ms, endpoints } = pair([seen([endpoint('order-1', null)])])
  expect([calls_per_s, success_share, p99_ms, endpoints[0]!.share]).toEqual([null, null, null, null])
})

it('shows the breaker that has longest to wait', () => {
  const breaker = (retry_ms: number) => ({
    operation: 'place_order',
    state: 'open',
    since_ms: 1_000,
    retry_ms,
  })
  expect(
    pair([seen([], { breakers: [breaker(2_000)] }), seen([], { breakers: [breaker(7_000)] })]).breakers,
  ).toEqual([{ operation: 'place_order', state: 'open', since_s: 1, retry_in_s: 7 }])
})
