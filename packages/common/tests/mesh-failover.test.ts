import { describe, expect, it, jest } from '@jest/globals'
import { withDeadline } from '../src/runtime/deadline.ts'
import { meshDefaults } from '../src/mesh/settings.ts'
import { until } from '@lepton/testing/until'
import { failuresOf, inParallel, useInstances } from './mesh-fixtures.ts'

const { instances, over } = useInstances()
const inTurn = { policy: 'round_robin' as const }

// Enough for a machine that does other things besides.
jest.setTimeout(30_000)

describe('failover', () => {
  it('loses no idempotent request when one of three is killed under load', async () => {
    const [a, b, c] = await instances('order-1', 'order-2', 'order-3')
    for (const fake of [a!, b!, c!]) {
      fake.handler = (_req, res) => void setTimeout(() => res.end(fake.instance.name), 5)
    }
    const { get } = over([a!, b!, c!])
    let killed: Promise<void> | undefined

    const results = await inParallel(1500, 30, (index) => {
      if (index === 300) killed = b!.kill()
      return get()
    })
    await killed

    expect(failuresOf(results)).toEqual([])
  })

  it('stays in its own zone, and loses no request when half of that is killed under load', async () => {
    const near = await instances('order-1', 'order-2', 'order-3', 'order-4')
    const far = await instances('order-5', 'order-6', 'order-7', 'order-8')
    for (const [zone, fakes] of [
      ['a', near],
      ['b', far],
    ] as const)
      for (const fake of fakes) fake.instance.meta = { zone }
    const locality = { ...meshDefaults.balancer.locality, zone: 'a' }
    const { get } = over([...near, ...far], { balancer: { ...meshDefaults.balancer, locality } })
    await inParallel(200, 10, () => get())
    const strayed = far.flatMap(({ requests }) => requests).length

    const killed: Promise<void>[] = []
    const results = await inParallel(1_500, 20, (index) => {
      if (index === 300) killed.push(near[0]!.kill(), near[1]!.kill())
      return get()
    })
    await Promise.all(killed)

    expect(strayed).toBe(0)
    expect(failuresOf(results)).toEqual([])
    const sentOn = far.flatMap(({ requests }) => requests).length
    expect(sentOn / 1_200).toBeGreaterThan(0.1)
    expect(sentOn / 1_200).toBeLessThan(0.4)
  })

  it('answers everything while one of three hangs, and soon stops asking it', async () => {
    const [a, b, c] = await instances('order-1', 'order-2', 'order-3')
    for (const fake of [a!, b!]) {
      fake.handler = (_req, res) => void setTimeout(() => res.end(fake.instance.name), 5)
    }
    c!.handler = () => {}
    const { get, value } = over([a!, b!, c!])

    const results = await inParallel(1000, 20, () => get({ deadlineMs: 1000 }))

    expect(failuresOf(results)).toEqual([])
    expect(c!.requests.length).toBeLessThan(30)
    expect(await value('deadline_exceeded_total')).toBe(0)
  })

  it('gives an instance that fails fast less than two percent', async () => {
    const [a, b, c] = await instances('order-1', 'order-2', 'order-3')
    for (const fake of [a!, b!]) {
      fake.handler = (_req, res) => void setTimeout(() => res.end(fake.instance.name), 3)
    }
    c!.handler = (_req, res) => res.writeHead(500).end()
    const { get } = over([a!, b!, c!])

    const results = await inParallel(1000, 10, () => get())

    expect(failuresOf(results)).toEqual([])
    expect(c!.requests.length).toBeLessThan(20)
  })

  it('ejects a failing instance from the round, too', async () => {
    const [a, b, c] = await instances('order-1', 'order-2', 'order-3')
    c!.handler = (_req, res) => res.writeHead(500).end()
    const { get, value } = over([a!, b!, c!], inTurn)

    const results = await inParallel(500, 5, () => get())

    expect(failuresOf(results)).toEqual([])
    expect(c!.requests.length).toBeLessThan(15)
    expect(await value('lb_ejections_total', { reason: 'consecutive-failures' })).toBe(1)
    expect(await value('lb_endpoints', { state: 'ejected' })).toBe(1)
  })

  it('blames neither instance nor operation for a request that no instance can serve', async () => {
    const fakes = await instances('order-1', 'order-2')
    for (const fake of fakes) fake.handler = (_req, res) => res.writeHead(500).end()
    const { get, value } = over(fakes)

    const results = await inParallel(100, 5, () => get())

    expect(results.every((result) => result.status === 'fulfilled' && result.value.status === 500)).toBe(true)
    expect(await value('lb_ejections_total')).toBe(0)
    expect(await value('breaker_state')).toBe(0)
  })

  it('ejects no instance for what another service failed at, and lets the breaker know', async () => {
    const fakes = await instances('order-1', 'order-2')
    for (const fake of fakes) {
      fake.handler = (_req, res) => res.writeHead(503, { 'lepton-fault': 'inventory' }).end()
    }
    const { get, value } = over(fakes)

    const results = await inParallel(50, 5, () => get())

    expect(await value('lb_ejections_total')).toBe(0)
    expect(results.at(-1)!.status).toBe('rejected')
    expect(await value('breaker_state')).toBe(2)
  })

  it('takes an overload for what it is: no retry, no ejection, no breaker', async () => {
    const fakes = await instances('order-1', 'order-2')
    for (const fake of fakes) {
      fake.handler = (_req, res) =>
        res.writeHead(503, { 'lepton-fault': 'overload', 'retry-after': '1' }).end()
    }
    const { get, value } = over(fakes)

    const results = await inParallel(100, 5, () => get())

    expect(results.every((result) => result.status === 'fulfilled' && result.value.status === 503)).toBe(true)
    expect(fakes.reduce((sum, fake) => sum + fake.requests.length, 0)).toBe(100)
    expect(await value('lb_ejections_total')).toBe(0)
    expect(await value('breaker_state')).toBe(0)
  })

  it.each([1, 2, 3])(
    'gives an operation that needs most of the time all of it, with %i instances',
    async (count) => {
      const fakes = await instances(...Array.from({ length: count }, (_, index) => `order-${index + 1}`))
      for (const fake of fakes)
        fake.handler = (_req, res) => void setTimeout(() => res.end(fake.instance.name), 650)
      const { get, value } = over(fakes)

      const results = await inParallel(4, 4, () => get({ deadlineMs: 1_000 }))

      expect(failuresOf(results)).toEqual([])
      expect(await value('lb_ejections_total')).toBe(0)
    },
  )

  it('gives it all of the time, too, where an instance has just left', async () => {
    const [a, gone] = await instances('order-1', 'order-2')
    a!.handler = (_req, res) => void setTimeout(() => res.end('order-1'), 650)
    const { get, setInstances } = over([a!, gone!])
    await gone!.kill()
    setInstances([a!.instance, { ...gone!.instance, tier: 'gone' }])

    expect(await get({ deadlineMs: 1_000 })).toMatchObject({ status: 200, endpoint: 'order-1' })
  })

  it('ends a request whose caller is gone, and blames no instance', async () => {
    const [a] = await instances('order-1')
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    a!.handler = (_req, res) => void res.once('close', () => resolve())
    const { get, value } = over([a!])
    const caller = new AbortController()
    const asked = get({ signal: caller.signal })
    await until('it has arrived', () => a!.requests.length === 1)

    caller.abort()

    await expect(asked).rejects.toThrow('order is not available')
    await closed
    expect(await value('http_client_requests_total', { result: 'cancelled' })).toBe(1)
    expect(await value('breaker_state')).toBe(0)
  })

  it('leaves room for other operations when one is slow', async () => {
    const [a] = await instances('order-1')
    const waiting: (() => void)[] = []
    a!.handler = (req, res) => {
      if (req.url === '/slow') waiting.push(() => res.end())
      else res.end()
    }
    const { get } = over([a!], { maxPending: 8 })
    const slow = Array.from({ length: 8 }, () => get({ operation: 'slow', path: '/slow' }))
    await until('four wait', () => waiting.length === 4)

    expect((await get({ operation: 'fast', path: '/fast' })).status).toBe(200)

    const refused = (await Promise.allSettled(slow.slice(4))).map(({ status }) => status)
    expect(refused).toEqual(Array(4).fill('rejected'))
    for (const end of waiting) end()
    await Promise.all(slow.slice(0, 4))
  })

  it('gives an instance that refuses everything fast no more than a probe', async () => {
    const fakes = await instances('order-1', 'order-2', 'order-3', 'order-4')
    for (const fake of fakes) fake.handler = (_req, res) => void setTimeout(() => res.end(), 3)
    const [bad] = fakes
    bad!.handler = (_req, res) => res.writeHead(401).end()
    const { get } = over(fakes)

    await inParallel(2_000, 10, () => get())

    expect(bad!.requests.length / 2_000).toBeLessThan(0.03)
  })

  it('sends an instance away that has been well for long, after twenty refusals', async () => {
    const fakes = await instances('order-1', 'order-2', 'order-3')
    const { get } = over(fakes, inTurn)
    await inParallel(1_500, 10, () => get())
    const [bad] = fakes
    bad!.handler = (_req, res) => res.writeHead(401).end()
    bad!.requests.length = 0

    await inParallel(300, 1, () => get())

    expect(bad!.requests.length).toBeLessThan(20)
  })

  it('keeps an instance that refuses what one key asks of it', async () => {
    const fakes = await instances('order-1', 'order-2', 'order-3')
    for (const fake of fakes) fake.handler = (_req, res) => res.writeHead(404).end()
    const { get, value } = over(fakes, { policy: 'consistent_hash' })

    await inParallel(100, 1, () => get({ key: 'one guest' }))

    expect(await value('lb_ejections_total')).toBe(0)
  })

  it('uses no request that may not be repeated as a probe, and asks for health by itself', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    b!.handler = (_req, res) => res.writeHead(503).end()
    const { post, value } = over([a!, b!], {
      ...inTurn,
      balancer: {
        ...meshDefaults.balancer,
        ejection: { ...meshDefaults.balancer.ejection, backoff: { baseMs: 1, maxMs: 1 } },
      },
    })
    await until('it is ejected', async () => {
      await post()
      return (await value('lb_ejections_total')) > 0
    })
    b!.handler = (_req, res) => res.end('order-2')
    b!.requests.length = 0

    for (let call = 0; call < 20; call++) await post()
    expect(b!.requests).toHaveLength(0)
    await until('it is asked for its health', () => b!.requests.length > 0)
    expect(b!.requests[0]!.url).toBe('/readyz')
    await until('it takes requests again', async () => (await post()).endpoint === 'order-2')
  })

  it('gives the answer of an instance that had a reason, where the next one is gone', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = (_req, res) => res.writeHead(503, { 'lepton-fault': 'consul' }).end('Consul is away')
    await b!.kill()
    const { get } = over([a!, b!], inTurn)

    for (const answer of await Promise.all([get(), get()]))
      expect(answer).toMatchObject({ status: 503, body: Buffer.from('Consul is away') })
  })

  it('gives the answer of the instance that had a reason, where the next one had no time left', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = (_req, res) => res.writeHead(503, { 'lepton-fault': 'consul' }).end('Consul is away')
    b!.handler = (_req, res) => res.writeHead(504, { 'lepton-fault': 'deadline' }).end('too little time')
    const { get } = over([a!, b!], inTurn)

    const answers = await Promise.all([get(), get()])

    expect(answers.map(({ body }) => String(body)).sort()).toEqual(['Consul is away', 'too little time'])
  })

  it('lets go of names that no instance answers for, so that they keep no other out', async () => {
    const [a] = await instances('order-1')
    const { client, get, released } = over([a!], { maxTargets: 3 })
    for (let name = 0; name < 10; name++) {
      const request = { service: `mistyped-${name}`, operation: 'x', method: 'GET' as const, path: '/' }
      await expect(client.request(request)).rejects.toThrow('is not available')
    }

    expect((await get()).status).toBe(200)
    expect(released).toEqual(Array.from({ length: 8 }, (_, name) => `mistyped-${name}`))
  })

  it('lets go of the idle service that was asked longest ago, so that any number of them can be asked in turn', async () => {
    const [a] = await instances('order-1')
    const { client, released, set } = over([], { maxTargets: 2 })
    for (const service of ['one', 'two', 'three']) set(service, [a!.instance])
    const ask = (service: string) => client.request({ service, operation: 'x', method: 'GET', path: '/' })

    for (const service of ['one', 'two', 'one', 'three', 'two']) expect((await ask(service)).status).toBe(200)

    expect(released).toEqual(['two', 'one'])
  })

  it('books a caller’s impatience on no instance', async () => {
    const fakes = await instances('order-1', 'order-2')
    for (const fake of fakes) {
      fake.handler = (req, res) => {
        // What a service says that had no time left for an inner call, and what a foreign one might say instead.
        const isOurs = req.url === '/orders/1'
        res.writeHead(isOurs ? 504 : 503, isOurs ? { 'lepton-fault': 'deadline' } : {}).end()
      }
    }
    const { get, value } = over(fakes)

    await inParallel(100, 10, (index) =>
      withDeadline(100, () => get({ path: index % 2 === 0 ? '/orders/1' : '/orders/2' })),
    )

    expect(await value('lb_ejections_total')).toBe(0)
    expect(await value('breaker_state')).toBe(0)
  })

  it('sends a POST without a key elsewhere when nothing was sent', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    await a!.kill()
    const { post } = over([a!, b!], inTurn)

    const answers = await Promise.all([post(), post(), post()])

    expect(answers.every(({ endpoint }) => endpoint === 'order-2')).toBe(true)
  })

  it('does not repeat a POST without a key once bytes were sent', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = (req) => req.socket.destroy()
    const { post, value } = over([a!, b!], inTurn)

    await expect(post()).rejects.toThrow('order is not available')

    expect(a!.requests).toHaveLength(1)
    expect(b!.requests).toHaveLength(0)
    expect(await value('retries_total', { outcome: 'not_idempotent' })).toBe(1)
  })

  it('repeats a POST with a key on the other instance, as attempt 2', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = (req) => req.socket.destroy()
    const { post, value } = over([a!, b!], inTurn)

    const answer = await post({ headers: { 'idempotency-key': 'k' } })

    expect(answer.endpoint).toBe('order-2')
    expect(b!.requests[0]!.headers['lepton-attempt']).toBe('2')
    expect(await value('retries_total', { outcome: 'success' })).toBe(1)
  })

  it('repeats at the one that stays when the other left while it failed', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    const { get, setInstances } = over([a!, b!], inTurn)
    a!.handler = (req) => {
      setInstances([b!.instance])
      req.socket.destroy()
    }

    expect(await get()).toMatchObject({ status: 200, endpoint: 'order-2' })
  })

  it('asks another when one answers 503 with Retry-After', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = (_req, res) => res.writeHead(503, { 'retry-after': '5' }).end()
    const { get } = over([a!, b!], inTurn)

    expect(await get()).toMatchObject({ status: 200, endpoint: 'order-2' })
  })

  it('gives the last 5xx back when no instance answers better', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    for (const fake of [a!, b!]) fake.handler = (_req, res) => res.writeHead(503).end(fake.instance.name)
    const { get, post } = over([a!, b!], inTurn)

    expect(await get()).toMatchObject({ status: 503, endpoint: 'order-2' })
    expect(await post()).toMatchObject({ status: 503 })
    expect(a!.requests.length + b!.requests.length).toBe(3)
  })

  it('does not repeat for a caller that is repeating itself', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    for (const fake of [a!, b!]) fake.handler = (_req, res) => res.writeHead(503).end()
    const { get } = over([a!, b!], inTurn)

    await withDeadline(1000, () => get(), 2)

    expect(a!.requests).toHaveLength(1)
    expect(b!.requests).toHaveLength(0)
    expect(a!.requests[0]!.headers['lepton-attempt']).toBe('2')
  })

  it('asks a second one when a read is slower than most, where that is wanted, within its budget', async () => {
    const fakes = await instances('order-1', 'order-2', 'order-3')
    let count = 0
    let given = 0
    for (const fake of fakes)
      fake.handler = (req, res) => {
        res.once('close', () => void (given += res.writableEnded ? 0 : 1))
        // One first try in a hundred hangs, wherever it is.
        if (++count % 100 !== 0 || req.headers['lepton-attempt'] !== '1') setTimeout(() => res.end(), 2)
      }
    const hedge = { ...meshDefaults.hedge, isOn: true }
    const { get } = over(fakes, { hedge })

    const results = await inParallel(2_000, 10, () => get({ deadlineMs: 3_000 }))

    expect(failuresOf(results)).toEqual([])
    // The budget's share, and what else was late after half of its time.
    expect(count).toBeLessThanOrEqual(2_000 * 1.05 + 10)
    await until('what was overtaken is let go of', () => given >= 15)
  })

  it('keeps retries within the budget when everything fails', async () => {
    const fakes = await instances('order-1', 'order-2', 'order-3')
    for (const fake of fakes) fake.handler = (_req, res) => res.writeHead(500).end()
    const { get, value } = over(fakes, { breaker: { ...meshDefaults.breaker, volume: 10_000 } })

    await inParallel(500, 10, () => get())

    const requests = fakes.reduce((sum, fake) => sum + fake.requests.length, 0)
    expect(requests).toBeLessThanOrEqual(500 + 100 + 10)
    expect(await value('retries_total', { outcome: 'budget' })).toBeGreaterThan(300)
  })
})
