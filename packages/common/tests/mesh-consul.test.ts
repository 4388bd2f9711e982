import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createMeshClient } from '../src/mesh/client.ts'
import { createDiscovery } from '../src/mesh/discovery.ts'
import { registerInstance } from '../src/mesh/registry.ts'
import { createConsulAgent } from './mesh-consul-agent.ts'
import { type FakeInstance, failuresOf, inParallel, startInstance } from './mesh-fixtures.ts'

// Enough for a machine that does other things besides.
jest.setTimeout(30_000)

const givenAddress = process.env.TEST_CONSUL_HTTP_ADDR
const binary = process.env.TEST_CONSUL_BINARY ?? onPath('consul')
if (givenAddress === undefined && binary === undefined && process.env.CI === 'true') {
  throw new Error('These tests need TEST_CONSUL_HTTP_ADDR, TEST_CONSUL_BINARY or consul on PATH')
}

function onPath(name: string): string | undefined {
  try {
    return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

const closers: (() => Promise<unknown>)[] = []
let stateDir: string

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-consul-'))
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await rm(stateDir, { recursive: true })
})

function setUp(address: string, service: string) {
  const consul: ConsulClient = createConsulClient({ address })
  const metrics = createMetrics()
  const discovery = createDiscovery({ consul, stateDir, log: silentLog, metrics })
  const client = createMeshClient({ discovery, log: silentLog, metrics })
  closers.push(
    () => consul.close(),
    () => discovery.close(),
    () => client.close(),
  )
  const watch = discovery.watch(service)
  const show = () =>
    watch
      .instances()
      .filter(({ tier }) => tier !== 'gone')
      .map(({ name, tier }) => (tier === 'verified' ? name : `(${name})`))
      .sort()
      .join(' ')

  async function announce(fake: FakeInstance) {
    const { name, port } = fake.instance
    const registration = await registerInstance({
      consul,
      log: silentLog,
      service,
      instance: name,
      address: '127.0.0.1',
      port,
    })
    closers.push(() => fake.kill())
    closers.push(() => registration.deregister())
    return registration
  }

  async function registered(): Promise<number> {
    const answer = await consul.health(service, { index: 0, waitS: 0, timeoutMs: 1000 })
    return answer.instances.length
  }

  return {
    show,
    announce,
    registered,
    sees: (list: string, timeoutMs = 5_000) => until(`list is ${list}`, () => show() === list, { timeoutMs }),
    get: () => client.request({ service, operation: 'getOrder', method: 'GET', path: '/orders/1' }),
  }
}

const inAgent = (givenAddress ?? binary) ? describe : describe.skip
const withOwnAgent = binary ? describe : describe.skip

inAgent('against a real Consul', () => {
  let address: string

  beforeEach(async () => {
    if (givenAddress !== undefined) {
      address = givenAddress
      return
    }
    const agent = await createConsulAgent(binary!)
    await agent.start()
    closers.push(() => agent.stop())
    address = agent.address
  }, 30_000)

  it('registers, is found, called, and leaves within a second', async () => {
    const { announce, sees, get } = setUp(address, `order-${randomBytes(4).toString('hex')}`)
    const [one, two] = await Promise.all([startInstance('order-1'), startInstance('order-2')])
    await announce(one)
    const second = await announce(two)
    await sees('order-1 order-2')

    const results = await inParallel(200, 10, get)
    expect(failuresOf(results)).toEqual([])
    expect(one.requests.length).toBeGreaterThan(0)
    expect(two.requests.length).toBeGreaterThan(0)

    const started = performance.now()
    await second.deregister()
    await sees('order-1')
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('loses no request when an instance deregisters and then stops', async () => {
    const { announce, sees, get } = setUp(address, `order-${randomBytes(4).toString('hex')}`)
    const [one, two] = await Promise.all([startInstance('order-1'), startInstance('order-2')])
    await announce(one)
    const second = await announce(two)
    await sees('order-1 order-2')

    let left: Promise<void> | undefined
    const results = await inParallel(1000, 10, (index) => {
      if (index === 300)
        left = second
          .deregister()
          .then(() => sees('order-1'))
          .then(() => two.kill())
      return get()
    })
    await left

    expect(failuresOf(results)).toEqual([])
  })

  it('takes out an instance whose check fails', async () => {
    const { announce, sees } = setUp(address, `order-${randomBytes(4).toString('hex')}`)
    const [one, two] = await Promise.all([startInstance('order-1'), startInstance('order-2')])
    await announce(one)
    await announce(two)
    await sees('order-1 order-2')

    two.handler = (_req, res) => res.writeHead(503).end()
    await sees('order-1', 20_000)
  }, 30_000)
})

withOwnAgent('against a real Consul that restarts without its data', () => {
  it('goes on calling, and every instance is registered again within seconds', async () => {
    const agent = await createConsulAgent(binary!)
    closers.push(() => agent.stop())
    await agent.start()
    const { announce, sees, get, show, registered } = setUp(agent.address, 'order')
    const [one, two] = await Promise.all([startInstance('order-1'), startInstance('order-2')])
    await announce(one)
    await announce(two)
    await sees('order-1 order-2')

    await agent.stop()
    const whileAway = await inParallel(200, 5, get)
    expect(show()).toBe('order-1 order-2')
    await agent.start()
    const whileReturning = await inParallel(200, 5, get)
    await until('both are registered', async () => (await registered()) === 2, { timeoutMs: 10_000 })
    await sees('order-1 order-2', 10_000)

    expect(failuresOf([...whileAway, ...whileReturning])).toEqual([])
  }, 60_000)
})
