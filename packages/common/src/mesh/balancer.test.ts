import { describe, expect, it } from '@jest/globals'
import { createBalancer } from './balancer.ts'
import type { Outcome } from './ejection.ts'
import type { Endpoint } from './endpoint.ts'
import type { KnownInstance } from './membership.ts'
import { byLoad } from './policies/load.ts'
import { roundRobin } from './policies/round-robin.ts'
import { meshDefaults } from './settings.ts'

function instance(name: string, extra: Partial<KnownInstance> = {}): KnownInstance {
  return {
    id: name,
    name,
    address: '',
    port: 0,
    tags: [],
    meta: {},
    isWarning: false,
    weight: 1,
    tier: 'verified',
    ...extra,
  }
}

/** The same sequence of numbers in [0, 1) for every run. */
function seededRandom(seed = 1): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function setUp(
  names: string[],
  policy = byLoad({ random: seededRandom(), load: meshDefaults.balancer.load }),
) {
  const clock = { ms: 0 }
  const events: string[] = []
  const balancer = createBalancer({
    policy,
    settings: meshDefaults.balancer,
    now: () => clock.ms,
    random: () => 1,
    events: {
      onPanic: () => events.push('panic'),
      onEject: (endpoint, reason) => events.push(`${endpoint.instance.name} ${reason}`),
      onRevive: (endpoint) => events.push(`${endpoint.instance.name} back`),
    },
  })
  balancer.update(names.map((name) => instance(name)))

  function call(
    outcomeOf: (name: string) => { outcome: Outcome; rttMs: number },
    isRetryable = true,
  ): string {
    const endpoint = balancer.take({ tried: [], isRetryable })!
    const startedMs = clock.ms
    const { outcome, rttMs } = outcomeOf(endpoint.instance.name)
    clock.ms += rttMs
    balancer.settle(endpoint, { outcome, startedMs, rttMs })
    return endpoint.instance.name
  }

  function failUntilEjected(name: string) {
    for (let step = 0; step < 1000 && !events.some((event) => event.startsWith(`${name} `)); step++) {
      call((chosen) => ({ outcome: chosen === name ? 'failure' : 'success', rttMs: 1 }))
      clock.ms += 3000
    }
  }

  return { balancer, clock, events, call, failUntilEjected }
}

describe('balancer', () => {
  it('goes round in turn', () => {
    const { call } = setUp(['a', 'b', 'c'], roundRobin())
    const names = Array.from({ length: 6 }, () => call(() => ({ outcome: 'success', rttMs: 1 })))

    expect(names).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('gives a slow endpoint less with P2C', () => {
    const { balancer, clock } = setUp(['fast', 'slow', 'quick'])
    const counts: Record<string, number> = { fast: 0, slow: 0, quick: 0 }
    const underWay: { endpoint: Endpoint; startedMs: number; endsMs: number }[] = []
    for (; clock.ms < 20_000; clock.ms += 5) {
      for (const done of underWay.splice(0)) {
        if (done.endsMs > clock.ms) underWay.push(done)
        else {
          const rttMs = clock.ms - done.startedMs
          balancer.settle(done.endpoint, { outcome: 'success', startedMs: done.startedMs, rttMs })
        }
      }
      const endpoint = balancer.take({ tried: [], isRetryable: true })!
      counts[endpoint.instance.name]! += 1
      const takesMs = endpoint.instance.name === 'slow' ? 200 : 20
      underWay.push({ endpoint, startedMs: clock.ms, endsMs: clock.ms + takesMs })
    }

    expect(counts.slow! / 4000).toBeLessThan(0.1)
    expect(counts.slow).toBeGreaterThan(0)
  })

  it('gives an endpoint that fails fast less than two percent', () => {
    const { clock, call } = setUp(['bad', 'b', 'c', 'd', 'e'])
    let bad = 0
    for (let step = 0; step < 10_000; step++) {
      const chosen = call((name) =>
        name === 'bad' ? { outcome: 'failure', rttMs: 1 } : { outcome: 'success', rttMs: 20 },
      )
      if (chosen === 'bad') bad += 1
      clock.ms += 2
    }

    expect(bad / 10_000).toBeLessThan(0.02)
  })

  /** Calls of 5 ms in the mean, exponentially distributed, 200 a second; what each of three endpoints got. */
  function simulate(outcomeOf: (name: string, nowMs: number) => Outcome) {
    const random = seededRandom(3)
    const { balancer, clock } = setUp(['a', 'b', 'c'])
    const inFlight: { endpoint: Endpoint; startedMs: number; endsMs: number }[] = []
    return function run(ms: number): Record<string, number> {
      const counts: Record<string, number> = { a: 0, b: 0, c: 0 }
      for (const endsMs = clock.ms + ms; clock.ms < endsMs; clock.ms += 1) {
        for (const call of inFlight.splice(0)) {
          const { endpoint, startedMs } = call
          if (call.endsMs > clock.ms) inFlight.push(call)
          else {
            const outcome = outcomeOf(endpoint.instance.name, clock.ms)
            balancer.settle(endpoint, { outcome, startedMs, rttMs: clock.ms - startedMs })
          }
        }
        if (random() > 0.2) continue
        const endpoint = balancer.take({ tried: [], isRetryable: true })!
        counts[endpoint.instance.name]! += 1
        inFlight.push({
          endpoint,
          startedMs: clock.ms,
          endsMs: clock.ms + Math.ceil(-5 * Math.log(1 - random())),
        })
      }
      return counts
    }
  }

  const shareOf = (name: string, counts: Record<string, number>) =>
    counts[name]! / Object.values(counts).reduce((sum, count) => sum + count, 0)

  it('does not exile an endpoint for one failure', () => {
    let failures = 1
    const run = simulate((name, nowMs) => {
      if (name !== 'b' || nowMs < 10_000 || failures === 0) return 'success'
      failures -= 1
      return 'failure'
    })
    run(10_100)

    expect(shareOf('b', run(10_000))).toBeGreaterThan(0.25)
    expect(shareOf('b', run(30_000))).toBeGreaterThan(0.28)
  })

  it('spreads rare failures: no endpoint gets far more than its share of a second', () => {
    const random = seededRandom(11)
    const run = simulate(() => (random() < 0.002 ? 'failure' : 'success'))
    run(10_000)

    const busiest = Array.from({ length: 100 }, () => {
      const counts = run(1_000)
      return Math.max(...Object.keys(counts).map((name) => shareOf(name, counts)))
    }).sort((x, y) => x - y)

    expect(busiest[50]).toBeLessThan(0.5)
  })

  it('gives a newcomer no more than its share before its first answer', () => {
    const { balancer, call, clock } = setUp(['a', 'b'])
    for (let step = 0; step < 100; step++) call(() => ({ outcome: 'success', rttMs: 200 }))
    balancer.update([...balancer.endpoints().map((endpoint) => endpoint.instance), instance('new')])
    clock.ms += 1

    const chosen = Array.from({ length: 90 }, () => balancer.take({ tried: [], isRetryable: true })!)

    expect(chosen.filter((endpoint) => endpoint.instance.name === 'new').length).toBeLessThan(40)
  })

  it('spreads retries over all that were not tried', () => {
    const { balancer, call } = setUp(['a', 'b', 'c', 'd', 'e'])
    for (let step = 0; step < 200; step++)
      call((name) => ({ outcome: 'success', rttMs: name === 'c' ? 4 : 5 }))
    const [a] = balancer.endpoints()

    const retried = Array.from({ length: 50 }, () => {
      const endpoint = balancer.take({ tried: [a!], isRetryable: true })!
      endpoint.pending -= 1
      return endpoint.instance.name
    })

    expect(new Set(retried).size).toBeGreaterThan(2)
  })

  it('excludes who was tried, and offers an ejected one before giving up', () => {
    const { balancer, failUntilEjected } = setUp(['a', 'b'])
    failUntilEjected('b')
    const [a, b] = balancer.endpoints()

    expect(balancer.take({ tried: [a!], isRetryable: false })).toBe(b)
    expect(balancer.take({ tried: [a!, b!], isRetryable: true })).toBeUndefined()
  })

  it('ejects one of two but never both, and not the only one', () => {
    const { balancer, events, call, clock } = setUp(['a', 'b'])
    for (let step = 0; step < 200; step++) call(() => ({ outcome: 'failure', rttMs: 1 }))
    expect(events.filter((event) => event !== 'panic')).toHaveLength(1)

    const alone = setUp(['a'])
    for (let step = 0; step < 200; step++) alone.call(() => ({ outcome: 'failure', rttMs: 1 }))
    expect(alone.events).toEqual([])

    const left = balancer.endpoints().find(({ health }) => health.state !== 'alive')!
    clock.ms += 1
    balancer.update([left.instance])
    expect(balancer.take({ tried: [], isRetryable: false })).toBe(left)
  })

  it.each([2, 4])('has all %i back within seconds after ten minutes in which all of them failed', (count) => {
    const names = Array.from({ length: count }, (_, index) => `order-${index}`)
    const { balancer, clock, call } = setUp(names)
    const run = (outcome: Outcome, forMs: number) => {
      for (const endsAtMs = clock.ms + forMs; clock.ms < endsAtMs; clock.ms += 20) {
        call(() => ({ outcome, rttMs: 5 }))
        if (clock.ms % 1_000 < 25) balancer.tick()
      }
    }
    run('success', 10_000)
    run('failure', 600_000)
    run('success', 10_000)

    expect(balancer.endpoints().map(({ health }) => health.state)).toEqual(names.map(() => 'alive'))
  })

  it('sends a single retryable request as the probe, and takes the endpoint back when it succeeds', () => {
    const { balancer, clock, events, failUntilEjected } = setUp(['a', 'b', 'c'])
    failUntilEjected('b')
    const b = balancer.endpoints()[1]!
    clock.ms = b.health.probeAtMs
    balancer.tick()

    const probe = balancer.take({ tried: [], isRetryable: true })!
    const others = Array.from({ length: 20 }, () => balancer.take({ tried: [], isRetryable: true })!)

    expect(probe).toBe(b)
    expect(others).not.toContain(b)
    clock.ms += 5
    balancer.settle(probe, { outcome: 'success', startedMs: b.health.probeAtMs, rttMs: 5 })
    expect(events).toContain('b back')
    expect(b.health.state).toBe('alive')
  })

  it('asks one that is gone only when all others failed the request', () => {
    const { balancer, events } = setUp([])
    balancer.update([instance('a'), instance('b', { tier: 'gone' }), instance('c', { tier: 'gone' })])
    const [a] = balancer.endpoints()

    const first = Array.from({ length: 20 }, () => balancer.take({ tried: [], isRetryable: true }))
    const second = balancer.take({ tried: [a!], isRetryable: true })

    expect(new Set(first)).toEqual(new Set([a]))
    expect(second!.instance.tier).toBe('gone')
    expect(events).toEqual([])
  })

  it('leaves out unverified endpoints until fewer than half are healthy', () => {
    const { balancer, events } = setUp([])
    const held = (name: string) => instance(name, { tier: 'unverified' })
    const take = () => balancer.take({ tried: [], isRetryable: true })!.instance.name

    balancer.update([instance('a'), instance('b'), held('c')])
    expect(new Set(Array.from({ length: 50 }, take))).toEqual(new Set(['a', 'b']))
    expect(events).toEqual([])

    balancer.update([instance('a'), held('b'), held('c'), held('d')])
    expect(new Set(Array.from({ length: 200 }, take)).size).toBe(4)
    expect(events).toContain('panic')
  })

  it('uses what it remembers when the catalogue is empty', () => {
    const { balancer } = setUp([])
    balancer.update([instance('a', { tier: 'unverified' })])

    expect(balancer.take({ tried: [], isRetryable: true })?.instance.name).toBe('a')
  })

  it('gives an instance that warns less', () => {
    const { balancer, clock } = setUp([])
    balancer.update([instance('a'), instance('b', { isWarning: true })])
    const names = Array.from({ length: 300 }, () => {
      const endpoint = balancer.take({ tried: [], isRetryable: true })!
      return endpoint.instance.name
    })
    clock.ms += 1

    const share = names.filter((name) => name === 'b').length / 300
    expect(share).toBeGreaterThan(0.28)
    expect(share).toBeLessThan(0.38)
  })

  it('keeps what it learned of an endpoint over updates, and tells who joined and left', () => {
    const { balancer, call } = setUp(['a', 'b'])
    call(() => ({ outcome: 'success', rttMs: 40 }))
    const [a] = balancer.endpoints()

    const { joined, left } = balancer.update([instance('a', { isWarning: true }), instance('c')])

    expect(joined.map(({ instance }) => instance.name)).toEqual(['c'])
    expect(left.map(({ instance }) => instance.name)).toEqual(['b'])
    expect(balancer.endpoints()[0]).toBe(a)
  })
})
