import { describe, expect, it } from '@jest/globals'
import { createBalancer } from '../balancer.ts'
import { createEndpoint, type Endpoint } from '../endpoint.ts'
import { loadDefaults, observe } from '../load.ts'
import type { KnownInstance } from '../membership.ts'
import { meshDefaults } from '../settings.ts'
import { POLICIES, POLICY_NAMES, type PolicyName } from './by-name.ts'

/** The same sequence of numbers in [0, 1) for every run. */
function seededRandom(seed = 7): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function instance(name: string, extra: Partial<KnownInstance> = {}): KnownInstance {
  const place = { address: '', port: 0, tags: [], meta: {}, isWarning: false, weight: 1 }
  return { id: name, name, ...place, tier: 'verified', ...extra }
}

function endpoints(count: number, weightOf: (index: number) => number = () => 1): Endpoint[] {
  return Array.from({ length: count }, (_, index) => {
    const weight = weightOf(index)
    return { ...createEndpoint(instance(`e${index}`), 0, 30), weight }
  })
}

const choose = (name: PolicyName) => POLICIES[name]({ random: seededRandom(), load: loadDefaults })
const nothingTried = { tried: [], nowMs: 0, inFlight: 0 }

/** How often each endpoint is chosen, as shares of all. */
function sharesOf(name: PolicyName, all: Endpoint[], picks = 10_000): number[] {
  const policy = choose(name)
  const counts = new Map<Endpoint | undefined, number>()
  for (let pick = 0; pick < picks; pick++) {
    const endpoint = policy(all, nothingTried)
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1)
  }
  return all.map((endpoint) => (counts.get(endpoint) ?? 0) / picks)
}

describe('every policy', () => {
  it.each(POLICY_NAMES)('%s chooses what was not tried, until nothing is left', (name) => {
    for (const count of [0, 1, 3, 50]) {
      const all = endpoints(count)
      const policy = choose(name)
      const tried: Endpoint[] = []
      for (let step = 0; step < count; step++)
        tried.push(policy(all, { tried, nowMs: 0, inFlight: 0, key: 'a key' })!)

      expect(new Set(tried).size).toBe(count)
      expect(policy(all, { tried, nowMs: 0, inFlight: 0, key: 'a key' })).toBeUndefined()
    }
  })

  it.each(POLICY_NAMES)('%s gives endpoints that are alike about the same', (name) => {
    for (const share of sharesOf(name, endpoints(4))) expect(Math.abs(share - 0.25)).toBeLessThan(0.03)
  })
})

describe('weighted', () => {
  it('gives what the weights say, within 2 %', () => {
    const weights = [1, 2, 5, 0.5]
    const total = weights.reduce((sum, weight) => sum + weight, 0)

    const shares = sharesOf(
      'weighted',
      endpoints(4, (index) => weights[index]!),
    )

    shares.forEach((share, index) =>
      expect(Math.abs(share / (weights[index]! / total) - 1)).toBeLessThan(0.02),
    )
  })

  it('gives all the same where no weight is above nothing', () => {
    for (const share of sharesOf(
      'weighted',
      endpoints(4, () => 0),
    ))
      expect(Math.abs(share - 0.25)).toBeLessThan(0.01)
  })
})

describe('least_connections', () => {
  it('chooses the fewest requests in flight for its weight', () => {
    const all = endpoints(3, (index) => index + 1)
    all.forEach((endpoint) => (endpoint.pending = 4))
    expect(choose('least_connections')(all, nothingTried)).toBe(all[2])
  })

  it('of a thousand looks at two, and keeps them even', () => {
    const all = endpoints(1_000)
    const policy = choose('least_connections')
    for (let request = 0; request < 10_000; request++) policy(all, nothingTried)!.pending += 1

    const most = Math.max(...all.map(({ pending }) => pending))
    expect(most / 10).toBeLessThanOrEqual(1.5)
  })
})

describe('consistent_hash', () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `key ${index}`)
  const placesOf = (all: Endpoint[]) => {
    const policy = choose('consistent_hash')
    return keys.map((key) => policy(all, { ...nothingTried, key })!.instance.name)
  }

  it('sends a key to the same endpoint, whichever caller asks, and spreads the keys', () => {
    const all = endpoints(5)
    const places = placesOf(all)

    expect(placesOf(endpoints(5).reverse())).toEqual(places)
    for (const { instance } of all) {
      const share = places.filter((place) => place === instance.name).length / keys.length
      expect(Math.abs(share - 0.2)).toBeLessThan(0.02)
    }
  })

  it('moves little more than the keys of the endpoint that leaves', () => {
    const before = placesOf(endpoints(5))
    const after = placesOf(endpoints(5).filter(({ instance }) => instance.name !== 'e2'))

    const moved = before.filter((place, index) => place !== after[index]).length / keys.length
    expect(moved).toBeLessThanOrEqual(0.2 * 1.3)
  })

  it('gives no endpoint more than a quarter above the mean, though all requests have one key', () => {
    const all = endpoints(10)
    const policy = choose('consistent_hash')
    for (let request = 0; request < 1_000; request++)
      policy(all, { ...nothingTried, inFlight: request, key: 'hot' })!.pending += 1

    expect(Math.max(...all.map(({ pending }) => pending))).toBeLessThanOrEqual(126)
  })
})

describe('by experience', () => {
  const seen = (endpoint: Endpoint, rttMs: number, isSuccess = true) => {
    for (let call = 0; call < 50; call++) observe(endpoint.load, { rttMs, isSuccess }, 0, loadDefaults)
  }

  it('latency prefers the near one, also when it is busy', () => {
    const [near, far] = endpoints(2) as [Endpoint, Endpoint]
    seen(near, 5)
    seen(far, 50)
    near.pending = 20
    expect(choose('latency')([near, far], nothingTried)).toBe(near)
    expect(choose('load')([near, far], nothingTried)).toBe(far)
  })

  it('availability prefers the one that succeeds, also when it is slow', () => {
    const [fast, sound] = endpoints(2) as [Endpoint, Endpoint]
    seen(sound, 50)
    for (let call = 0; call < 50; call++)
      observe(fast.load, { rttMs: 1, isSuccess: call % 2 === 0 }, 0, loadDefaults)
    expect(choose('availability')([fast, sound], nothingTried)).toBe(sound)
  })

  it('utilisation prefers the one that says it is idle', () => {
    const [busy, idle] = endpoints(2) as [Endpoint, Endpoint]
    busy.utilisation = 0.8
    idle.pending = 10
    expect(choose('utilisation')([busy, idle], nothingTried)).toBe(idle)
  })
})

interface Server {
  rttMs: number
  errorRate?: number
  joinsAtMs?: number
}

/** Callers that ask so often, and what each server gets in a span of time, as shares. Ejection is off. */
function simulate(policy: PolicyName, servers: Record<string, Server>, { perS = 100, seconds = 20 } = {}) {
  const random = seededRandom()
  let nowMs = 0
  const balancer = createBalancer({
    policy: POLICIES[policy]({ random, load: loadDefaults }),
    settings: {
      ...meshDefaults.balancer,
      ejection: { ...meshDefaults.balancer.ejection, maxEjectedShare: 0 },
    },
    now: () => nowMs,
    random,
    events: { onPanic: () => undefined, onEject: () => undefined, onRevive: () => undefined },
  })
  const there = () =>
    Object.entries(servers).flatMap(([name, { joinsAtMs = 0 }]) =>
      joinsAtMs <= nowMs ? [instance(name)] : [],
    )
  const picks: { atMs: number; name: string }[] = []
  const inFlight: { endsAtMs: number; end: () => void }[] = []
  let known = 0
  for (let request = 0; request < perS * seconds; request++) {
    nowMs = (request * 1_000) / perS
    if (there().length !== known) known = (balancer.update(there()), there().length)
    for (const done of inFlight.filter(({ endsAtMs }) => endsAtMs <= nowMs)) {
      inFlight.splice(inFlight.indexOf(done), 1)
      done.end()
    }
    if (request % perS === 0) balancer.tick()
    const endpoint = balancer.take({ tried: [], isRetryable: false })!
    const { name } = endpoint.instance
    const { rttMs, errorRate = 0 } = servers[name]!
    const startedMs = nowMs
    const outcome = random() < errorRate ? 'failure' : 'success'
    picks.push({ atMs: nowMs, name })
    inFlight.push({
      endsAtMs: nowMs + rttMs,
      end: () => balancer.settle(endpoint, { outcome, startedMs, rttMs }),
    })
  }
  return (name: string, fromS: number, toS: number) => {
    const ofSpan = picks.filter(({ atMs }) => atMs >= fromS * 1_000 && atMs < toS * 1_000)
    return ofSpan.filter((pick) => pick.name === name).length / ofSpan.length
  }
}

describe('over time', () => {
  const EVEN = { a: { rttMs: 5 }, b: { rttMs: 5 } }

  it('load gives a server that is ten times slower next to nothing, and one that fails 30 % a few per cent', () => {
    const ofSlow = simulate('load', { ...EVEN, slow: { rttMs: 50 } })
    expect(ofSlow('slow', 2, 20)).toBeLessThan(0.02)
    const ofFailing = simulate('load', { ...EVEN, failing: { rttMs: 5, errorRate: 0.3 } })
    expect(ofFailing('failing', 2, 20)).toBeLessThan(0.06)
  })

  it('load starts a newcomer slowly, and gives it its share at the end', () => {
    const shareOf = simulate('load', { ...EVEN, late: { rttMs: 5, joinsAtMs: 10_000 } }, { seconds: 60 })

    expect(shareOf('late', 10, 12)).toBeGreaterThan(0.01)
    expect(shareOf('late', 10, 12)).toBeLessThan(0.2)
    expect(shareOf('late', 45, 60)).toBeGreaterThan(0.28)
  })

  it('weighted starts a newcomer slowly, too', () => {
    const shareOf = simulate('weighted', { ...EVEN, late: { rttMs: 5, joinsAtMs: 10_000 } }, { seconds: 60 })

    expect(shareOf('late', 10, 12)).toBeLessThan(0.08)
    expect(Math.abs(shareOf('late', 45, 60) - 1 / 3)).toBeLessThan(0.01)
  })

  it('round_robin and random give a slow server as much as any other', () => {
    for (const policy of ['round_robin', 'random'] as const) {
      const shareOf = simulate(policy, { ...EVEN, slow: { rttMs: 50 } })
      expect(Math.abs(shareOf('slow', 2, 20) - 1 / 3)).toBeLessThan(0.03)
    }
  })

  it('least_connections gives a slow server as much as it finishes', () => {
    const shareOf = simulate('least_connections', { ...EVEN, slow: { rttMs: 200 } })
    expect(shareOf('slow', 2, 20)).toBeLessThan(0.15)
  })
})
