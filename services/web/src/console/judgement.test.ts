import { describe, expect, it } from '@jest/globals'
import { console } from '../messages/en-console.ts'
import { judgementOf, worstFirst } from './judgement.ts'
import type { Overview, ServiceView } from './queries.ts'

const AT = '2026-01-01T00:00:00.000Z'
const NOW = Date.parse(AT) + 6_000
const figures = {
  requests_per_s: null,
  error_share: null,
  p99_ms: null,
  cpu_share: null,
  loop_share: null,
  rss_bytes: null,
}

function service(
  name: string,
  states: ('passing' | 'failing' | 'gone')[],
  error_share: number | null = 0,
): ServiceView {
  return {
    service: name,
    expected: 2,
    instances: states.map((state, index) => ({
      name: `${name}-${index + 1}`,
      service: name,
      state,
      since: AT,
      because: state === 'failing' ? 'has ended and is started again' : null,
      started_at: null,
      process: null,
      figures,
    })),
    figures: {
      requests_per_s: null,
      error_share,
      p99_ms: null,
      lag_records: null,
      outbox_pending: null,
      outbox_oldest_s: null,
      dead_letters: null,
    },
  }
}

const overview = (services: ServiceView[], in_flight: number | null = 14): Overview => ({
  as_of: AT,
  incomplete: [],
  services,
  servers: null,
  orders: {
    accepted: null,
    completed: null,
    undone: null,
    in_flight,
    accepted_per_s: null,
    completed_p50_ms: null,
    completed_p99_ms: null,
    captured_minor: null,
    refunded_minor: null,
  },
  kills: null,
  books: null,
  marks: [],
})
const say = (of: Overview) => judgementOf(of, NOW, console)

describe('the judgement', () => {
  it('is that all is well, when all is', () => {
    expect(say(overview([service('order', ['passing', 'passing'])]))).toBe(
      'All 2 instances answer. 14 orders are in flight.',
    )
  })

  it('names what does not answer, since when and why', () => {
    expect(say(overview([service('order', ['failing', 'passing'])], 1))).toBe(
      'order-1 has not answered for 6 s: has ended and is started again. 1 order is in flight.',
    )
  })

  it('begins with a service that has no instance left, and never calls the unknown nothing', () => {
    expect(say(overview([service('payment', ['failing', 'failing'])], null))).toBe(
      'No instance of payment answers. payment-1 has not answered for 6 s: has ended and is started again. 1 more has not answered either. How many orders are in flight is not known now.',
    )
  })
})

describe('the services', () => {
  it('come with the worst first: those that lack instances, then those that fail', () => {
    const services = [
      service('cart', ['passing', 'passing']),
      service('order', ['passing', 'passing'], 0.2),
      service('payment', ['failing', 'passing']),
    ]
    expect(worstFirst(services).map((one) => one.service)).toEqual(['payment', 'order', 'cart'])
  })
})
