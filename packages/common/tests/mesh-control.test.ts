import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { newId } from '../src/runtime/id.ts'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { createConsulClient } from '../src/mesh/consul.ts'
import { type Control, createControl } from '../src/mesh/control/control.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createFramesServer } from '../src/mesh/frames/server.ts'
import { createGrpcServer } from '../src/mesh/grpc/server.ts'
import { createHttp2Server } from '../src/mesh/http2/server.ts'
import { overHttp } from '../src/mesh/over-http.ts'
import { useConsul } from './mesh-consul-agent.ts'
import { failuresOf, type FakeInstance, inParallel, useInstances } from './mesh-fixtures.ts'

jest.setTimeout(30_000)

const WHO = { who: 'ada', why: 'for the test' }
const { instances, over } = useInstances()
const agent = useConsul()
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A process of its own: each reads the settings below one prefix. */
async function startProcess(prefix: string, caller = 'cart'): Promise<Control> {
  const consul = createConsulClient({ address: agent.address })
  const control = createControl({
    consul,
    caller,
    log: silentLog,
    metrics: createMetrics(),
    settings: { prefix },
  })
  closers.push(
    () => consul.close(),
    () => control.close(),
  )
  await control.ready
  return control
}

async function twoProcesses() {
  const prefix = `test/${newId()}/`
  return [await startProcess(prefix), await startProcess(prefix)] as const
}

const share = (fakes: FakeInstance[], fake: FakeInstance) =>
  fake.requests.length / fakes.reduce((sum, { requests }) => sum + requests.length, 0)

describe('the control plane', () => {
  it('shows every process what was changed, newest first, and keeps the latest changes only', async () => {
    const [one, two] = await twoProcesses()
    for (let ms = 1; ms <= 205; ms++) await one.set('defaults', { deadline_ms: 1_000 + ms }, WHO)
    await one.set('alarms/OutboxWaits', { threshold: 8 }, WHO)

    const changes = await until('the other process has read them', () => {
      const seen = two.changes()
      return seen[0]?.key === 'alarms/OutboxWaits' && seen.length === 200 && seen
    })
    expect(changes[0]).toMatchObject({ who: 'ada', before: null, after: '{"threshold":8}' })
    expect(changes[1]).toMatchObject({ key: 'defaults', after: '{"deadline_ms":1205}' })
    expect(two.values().get('alarms/OutboxWaits')).toEqual({ threshold: 8 })
  })

  it('carries a setting to every process within a second, the closest one first', async () => {
    const [one, two] = await twoProcesses()
    await one.set('defaults', { policy: 'random', deadline_ms: 900 }, WHO)
    await one.set('services/order', { policy: 'weighted' }, WHO)
    const startedAt = performance.now()
    await one.set('edges/cart/order', { policy: 'latency' }, WHO)

    await until('the other process has it', () => two.traffic('order').policy === 'latency')

    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(two.traffic('order')).toMatchObject({ policy: 'latency', deadlineMs: 900 })
    expect(two.traffic('order', 'payment').policy).toBe('weighted')
    expect(two.traffic('inventory').policy).toBe('random')
  })

  it('refuses a value that is none, and keeps the last good one where Consul has a bad one', async () => {
    const [one, two] = await twoProcesses()
    await expect(one.set('services/order', { policy: 'best' }, WHO)).rejects.toThrow('services/order: policy')
    await expect(one.set('service/order', { policy: 'random' }, WHO)).rejects.toThrow('there is no setting')

    const prefix = `test/${newId()}/`
    const reader = await startProcess(prefix)
    const consul = createConsulClient({ address: agent.address })
    closers.push(() => consul.close())
    await reader.set('services/order', { policy: 'random' }, WHO)
    await until('it is read', () => reader.traffic('order').policy === 'random')
    const written = await consul.readKey(`${prefix}services/order`)
    await consul.writeKey(`${prefix}services/order`, '{"policy": 7}', written!.modifyIndex)

    await until('it is refused', () => reader.faults().size === 1)
    expect(reader.traffic('order').policy).toBe('random')
    expect(two.faults().size).toBe(0)
  })

  it('takes the last change back', async () => {
    const [one] = await twoProcesses()
    await one.set('services/order', { policy: 'random' }, WHO)
    await one.set('services/order', { policy: 'latency' }, WHO)

    await one.undo('services/order', WHO)

    await until('it is back', () => one.traffic('order').policy === 'random')
    expect(await one.get('services/order')).toBe('{"policy":"random"}')
    await expect(one.undo('services/cart', WHO)).rejects.toThrow('services/cart was never changed')
  })
})

describe('a mesh client under it', () => {
  async function threeUnderControl() {
    const [one, two] = await twoProcesses()
    const fakes = await instances('order-1', 'order-2', 'order-3')
    return { control: one, fakes, ...over(fakes, {}, two) }
  }

  it('splits by version, within one per cent', async () => {
    const { control, fakes, get, setInstances } = await threeUnderControl()
    const [canary] = fakes
    setInstances(
      fakes.map(({ instance }, index) => ({ ...instance, meta: { version: index === 0 ? '2' : '1' } })),
    )
    await control.set(
      'routes/order',
      {
        split: [
          { version: '2', percent: 5 },
          { version: '1', percent: 95 },
        ],
      },
      WHO,
    )
    await until('the split works', async () => {
      for (const fake of fakes) fake.requests.length = 0
      await inParallel(100, 10, () => get())
      return share(fakes, canary!) < 0.15
    })
    for (const fake of fakes) fake.requests.length = 0

    await inParallel(10_000, 20, () => get())

    expect(Math.abs(share(fakes, canary!) - 0.05)).toBeLessThan(0.01)
  })

  it('drains an instance without a failed request, and weighs the others', async () => {
    const { control, fakes, get } = await threeUnderControl()
    const [first, second] = fakes
    await control.set('services/order', { policy: 'weighted' }, WHO)
    await control.set('instances/order/order-2', { weight: 3 }, WHO)
    await control.set('instances/order/order-1', { drain: true }, WHO)
    await until('it drains', async () => {
      first!.requests.length = 0
      await inParallel(20, 5, () => get())
      return first!.requests.length === 0
    })
    for (const fake of fakes) fake.requests.length = 0

    const results = await inParallel(2_000, 20, () => get())

    expect(failuresOf(results)).toEqual([])
    expect(first!.requests).toHaveLength(0)
    expect(Math.abs(share(fakes, second!) - 0.75)).toBeLessThan(0.02)
  })

  it('limits what a caller asks', async () => {
    const { control, get } = await threeUnderControl()
    await control.set('limits/order/cart', { per_second: 50 }, WHO)
    await until('it limits', async () => failuresOf(await inParallel(200, 20, () => get())).length > 0)

    const endsAt = performance.now() + 2_000
    let taken = 0
    while (performance.now() < endsAt) {
      if (
        await get().then(
          () => true,
          () => false,
        )
      )
        taken += 1
    }

    expect(taken / 2).toBeGreaterThan(45)
    expect(taken / 2).toBeLessThan(55)
  })

  it('changes policies a hundred times under load without a failed request', async () => {
    const { control, get } = await threeUnderControl()
    const policies = ['random', 'weighted', 'least_connections', 'load', 'round_robin']
    let isChanging = true
    const changing = (async () => {
      for (let change = 0; change < 100; change++)
        await control.set('services/order', { policy: policies[change % policies.length] }, WHO)
      isChanging = false
    })()

    const failures: unknown[] = []
    while (isChanging) failures.push(...failuresOf(await inParallel(50, 10, () => get())))
    await changing

    expect(failures).toEqual([])
  })

  it('changes the transport while requests are under load, and loses none of them', async () => {
    const [operator, cart] = await twoProcesses()
    const fakes = await instances('order-1', 'order-2')
    const asked = { http1: 0, http2: 0, grpc: 0, frames: 0 }
    for (const fake of fakes) {
      const count = (name: keyof typeof asked) => (_req: unknown, res: ServerResponse) => {
        asked[name] += 1
        setTimeout(() => res.end(fake.instance.name), 2)
      }
      fake.handler = count('http1')
      const http2 = createHttp2Server(overHttp(count('http2')))
      const grpc = createGrpcServer(overHttp(count('grpc')))
      const frames = createFramesServer(overHttp(count('frames')))
      closers.push(
        () => http2.close(),
        () => grpc.close(),
        () => frames.close(),
      )
      fake.instance.meta = {
        http2_port: await listening(http2.server),
        grpc_port: await listening(grpc.server),
        frames_port: await listening(frames.server),
      }
    }
    const { get, client } = over(fakes, {}, cart)
    closers.push(() => client.close())
    let isOver = false
    const results: PromiseSettledResult<{ status: number }>[] = []
    const lane = async () => {
      while (!isOver) results.push(...(await Promise.allSettled([get()])))
    }
    const load = Promise.all(Array.from({ length: 8 }, lane))
    for (const transport of [
      'frames',
      'grpc',
      'http2',
      'http1',
      'grpc',
      'frames',
      'http2',
      'frames',
    ] as const) {
      const before = asked[transport]
      await operator.set('services/order', { transport }, WHO)
      await until(`requests by ${transport}`, () => asked[transport] >= before + 50)
    }
    isOver = true
    await load

    expect(failuresOf(results)).toEqual([])
    expect(results.length).toBeGreaterThan(300)
  })
})

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}
