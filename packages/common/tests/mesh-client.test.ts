import { once } from 'node:events'
import { describe, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { continueTrace, withTrace } from '../src/runtime/trace.ts'
import { Unavailable } from '../src/runtime/problem.ts'
import { withDeadline } from '../src/runtime/deadline.ts'
import { meshDefaults } from '../src/mesh/settings.ts'
import { inParallel, useInstances } from './mesh-fixtures.ts'

// Enough for a machine that does other things besides.
jest.setTimeout(30_000)

const { instances, over } = useInstances()
const inTurn = { policy: 'round_robin' as const }

describe('a call', () => {
  it('carries deadline, attempt and trace, and brings back status, headers and body', async () => {
    const [a] = await instances('order-1')
    a!.handler = (req, res) => {
      req.resume()
      res.writeHead(201, { location: '/orders/1' }).end('made')
    }
    const { post } = over([a!])

    const answer = await withTrace(continueTrace({}), () => post({ headers: { 'x-own': 'yes' } }))

    expect(answer).toMatchObject({ status: 201, headers: { location: '/orders/1' }, endpoint: 'order-1' })
    expect(answer.body.toString()).toBe('made')
    const { headers } = a!.requests[0]!
    expect(headers['lepton-attempt']).toBe('1')
    expect(Number(headers['lepton-deadline-ms'])).toBeGreaterThan(1900)
    expect(headers.traceparent).toMatch(/^00-/)
    expect(headers['x-own']).toBe('yes')
  })

  it('gives a 4xx back as it is, and counts it as no failure', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    for (const fake of [a!, b!]) fake.handler = (_req, res) => res.writeHead(404).end()
    const { get, value } = over([a!, b!])

    const results = await inParallel(100, 10, () => get())

    expect(results.every((r) => r.status === 'fulfilled' && r.value.status === 404)).toBe(true)
    expect(await value('lb_ejections_total')).toBe(0)
    expect(await value('breaker_state')).toBe(0)
    expect(a!.requests.length + b!.requests.length).toBe(100)
  })

  it('refuses an answer that is too large', async () => {
    const [a] = await instances('order-1')
    a!.handler = (_req, res) => res.end(Buffer.alloc(2048))
    const { get } = over([a!], { transport: { ...meshDefaults.transport, maxResponseBytes: 1024 } })

    await expect(get()).rejects.toThrow(Unavailable)
    expect(a!.requests).toHaveLength(1)
  })

  it('names the service that has no instance', async () => {
    const { get } = over([])

    await expect(get()).rejects.toMatchObject({ message: 'order is not available', retryAfterS: 1 })
  })

  it('throws a request that no server could take, and blames no instance', async () => {
    const [a] = await instances('order-1')
    const { get, value } = over([a!])

    await expect(get({ path: 'no slash' })).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    expect(await value('retries_total')).toBe(0)
  })
})

describe('time', () => {
  it('cuts a call at its deadline and lets go of the server', async () => {
    const [a] = await instances('order-1')
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    a!.handler = (_req, res) => void res.once('close', () => resolve())
    const { get, value } = over([a!])
    const started = performance.now()

    await expect(get({ deadlineMs: 100 })).rejects.toThrow('order is not available')

    expect(performance.now() - started).toBeLessThan(1000)
    expect(await value('deadline_exceeded_total')).toBe(1)
    await gone
  })

  it('over while a call waits for a connection costs no connection', async () => {
    const [a] = await instances('order-1')
    const { promise: full, resolve } = Promise.withResolvers<void>()
    const sockets = new Set<unknown>()
    const held: (() => void)[] = []
    a!.handler = (req, res) => {
      sockets.add(req.socket)
      held.push(() => res.end())
      if (held.length === 4) resolve()
    }
    const { get } = over([a!], { transport: { ...meshDefaults.transport, connections: 4 } })
    const first = Array.from({ length: 4 }, () => get())
    await full
    const late = await inParallel(40, 40, () => get({ operation: 'hurried', deadlineMs: 50 }))

    expect(late.every(({ status }) => status === 'rejected')).toBe(true)
    for (const answer of held) answer()
    await Promise.all(first)
    a!.handler = (req, res) => {
      sockets.add(req.socket)
      res.end()
    }
    await inParallel(20, 4, () => get())
    expect(sockets.size).toBe(4)
    expect(a!.requests).toHaveLength(24)
  })

  it('never takes longer than its caller waits', async () => {
    const [a] = await instances('order-1')
    a!.handler = () => {}
    const { get } = over([a!])
    const started = performance.now()

    await expect(withDeadline(120, () => get())).rejects.toMatchObject({ slug: 'deadline-exceeded' })

    expect(performance.now() - started).toBeLessThan(1000)
    expect(Number(a!.requests[0]!.headers['lepton-deadline-ms'])).toBeLessThanOrEqual(110)
  })

  it('does not start what has no time left', async () => {
    const [a] = await instances('order-1')
    const { get, value } = over([a!])

    await expect(withDeadline(5, () => get())).rejects.toMatchObject({ slug: 'deadline-exceeded' })

    expect(a!.requests).toHaveLength(0)
    expect(await value('deadline_exceeded_total')).toBe(1)
  })

  it('keeps half of the time for another when an instance hangs', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    a!.handler = () => {}
    const { get } = over([a!, b!], inTurn)

    expect(await get({ deadlineMs: 500 })).toMatchObject({ status: 200, endpoint: 'order-2' })
  })
})

describe('limits', () => {
  it('refuses at once what is more than may be in flight', async () => {
    const [a] = await instances('order-1')
    const waiting: (() => void)[] = []
    const { promise: full, resolve } = Promise.withResolvers<void>()
    a!.handler = (_req, res) => {
      waiting.push(() => res.end())
      if (waiting.length === 2) resolve()
    }
    const { get } = over([a!], { maxPending: 2, maxOperationShare: 1 })
    const under = [get(), get()]
    await full

    await expect(get()).rejects.toThrow('order is not available')
    for (const end of waiting) end()
    expect((await Promise.all(under)).map(({ status }) => status)).toEqual([200, 200])
    a!.handler = (_req, res) => res.end()
    expect((await get()).status).toBe(200)
  })

  it('shares one breaker among operations beyond the bound', async () => {
    const [a] = await instances('order-1')
    const { client, value } = over([a!], { maxOperations: 2 })
    for (const operation of ['a', 'b', 'c', 'd']) {
      await client.request({ service: 'order', operation, method: 'GET', path: '/' })
    }

    expect(await value('http_client_request_duration_seconds', { http_route: 'other' })).toBeGreaterThan(0)
    expect(await value('http_client_requests_total', { http_route: 'c' })).toBe(0)
  })
})

describe('breaker', () => {
  const quick = { volume: 10, errorPercent: 50, windowMs: 200, buckets: 10, resetMs: 200 }

  it('opens when an operation fails everywhere, leaves other operations alone, and closes by a probe', async () => {
    const [a] = await instances('order-1')
    a!.handler = (req, res) => res.writeHead(req.method === 'GET' ? 503 : 200).end()
    const { get, post, value } = over([a!], { breaker: quick })
    for (let count = 0; count < 10; count++) await get()

    await expect(get()).rejects.toMatchObject({ message: 'order is not available', retryAfterS: 1 })
    const seen = a!.requests.length
    await expect(get()).rejects.toThrow(Unavailable)
    expect(a!.requests.length).toBe(seen)
    expect((await post()).status).toBe(200)
    expect(await value('breaker_state', { http_route: 'getOrder' })).toBe(2)

    a!.handler = (_req, res) => res.end()
    const deadline = performance.now() + 3000
    let status = 0
    while (status !== 200 && performance.now() < deadline) {
      status = await get().then(
        (answer) => answer.status,
        () => new Promise<number>((resolve) => setImmediate(() => resolve(0))),
      )
    }
    expect(status).toBe(200)
    expect(await value('breaker_state', { http_route: 'getOrder' })).toBe(0)
  })

  it('lets calls through as soon as an instance joins', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    await a!.kill()
    const { get, setInstances } = over([a!], { breaker: { ...quick, resetMs: 60_000 } })
    await inParallel(10, 1, () => get())
    await expect(get()).rejects.toMatchObject({ retryAfterS: 60 })

    setInstances([b!.instance])

    expect((await get()).endpoint).toBe('order-2')
  })
})

describe('membership', () => {
  it('lets requests in flight finish at an instance that left, and sends it no more', async () => {
    const [a, b] = await instances('order-1', 'order-2')
    const { promise: arrived, resolve } = Promise.withResolvers<() => void>()
    a!.handler = (_req, res) => resolve(() => res.end('late'))
    const { get, setInstances } = over([a!, b!], inTurn)
    const pending = get()
    const finish = await arrived

    setInstances([b!.instance])
    const others = await inParallel(10, 2, () => get())
    finish()

    expect((await pending).body.toString()).toBe('late')
    expect(
      others.every((result) => result.status === 'fulfilled' && result.value.endpoint === 'order-2'),
    ).toBe(true)
    expect(a!.requests).toHaveLength(1)
  })
})

describe('close', () => {
  it('leaves no timer and no socket, and refuses what comes after', async () => {
    const [a] = await instances('order-1')
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { get, client } = over([a!])
    await get()
    const [socket] = a!.requests.map((req) => req.socket)
    const ended = once(socket!, 'close')

    await client.close()
    await ended

    // At once or nearly so: a busy process has timers of its own, and the client's last for seconds.
    await until(
      'no timer to be left',
      () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length <= before,
      { timeoutMs: 500 },
    )
    await expect(get()).rejects.toThrow(Unavailable)
  })
})
