import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { createConsulClient } from '../src/mesh/consul.ts'
import { Lightsub } from '../src/mesh/lightsub.ts'
import { Mesh } from '../src/mesh/mesh.ts'
import { registerInstance } from '../src/mesh/registry.ts'
import { useConsul } from './mesh-consul-agent.ts'
import { type FakeInstance, startInstance } from './mesh-fixtures.ts'

jest.setTimeout(30_000)

const agent = useConsul()
let stateDir: string
const closers: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-doors-'))
})
afterAll(() => rm(stateDir, { recursive: true }))
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Instances of a service, registered in Consul. */
async function register(service: string, ...names: string[]): Promise<FakeInstance[]> {
  const consul = createConsulClient({ address: agent.address })
  closers.push(() => consul.close())
  return Promise.all(
    names.map(async (instance) => {
      const fake = await startInstance(instance, (_req, res) => res.end(JSON.stringify({ from: instance })))
      const { port } = fake.instance
      const where = { service, instance, address: '127.0.0.1', port }
      const registration = await registerInstance({ consul, log: silentLog, ...where })
      closers.push(
        () => fake.kill(),
        () => registration.deregister(),
      )
      return fake
    }),
  )
}

describe('new Mesh()', () => {
  it('sends to the instances of a service, fails over, counts, and is steered while it runs', async () => {
    const [one, two] = await register('stock', 'stock-1', 'stock-2')
    const mesh = new Mesh({ name: 'checkout', consul: agent.address, stateDir, logLevel: 'silent' })
    mesh.addService('stock')
    mesh.setConnector('load_balancer')
    await mesh.start()
    closers.push(() => mesh.stop())
    const send = () => mesh.sendRequest('checkout', 'stock', { method: 'GET', path: '/products' })

    const answer = await send()
    expect([answer.status, answer.json()]).toEqual([200, { from: answer.endpoint }])

    await mesh.control.set('instances/stock/stock-1', { drain: true }, { who: 'ada', why: 'test' })
    await until('only the other one is asked', async () => (await send()).endpoint === 'stock-2')
    await mesh.control.undo('instances/stock/stock-1', { who: 'ada', why: 'test' })
    await two!.kill()
    await until('the first one is asked again', async () => (await send()).endpoint === 'stock-1')
    expect(one!.requests.length).toBeGreaterThan(0)

    const { error_rate, p99_ms, requests_per_s } = mesh.monitor.pair('checkout', 'stock')
    expect([error_rate, p99_ms > 0, requests_per_s > 0]).toEqual([0, true, true])
  })

  it('says what is wrong', async () => {
    const mesh = new Mesh({ name: 'checkout', consul: agent.address, stateDir, logLevel: 'silent' })
    expect(() => mesh.setConnector('fastest' as 'load')).toThrow('the policies are round_robin, random')
    await expect(mesh.sendRequest('checkout', 'stock', { method: 'GET', path: '/' })).rejects.toThrow(
      'the mesh is not available',
    )
    await mesh.start()
    closers.push(() => mesh.stop())
    await expect(mesh.sendRequest('cart', 'stock', { method: 'GET', path: '/' })).rejects.toThrow(
      'this mesh sends for checkout',
    )
    await expect(mesh.sendRequest('checkout', 'unknown', { method: 'GET', path: '/' })).rejects.toThrow(
      'unknown is not available',
    )
  })
})

describe('new Lightsub()', () => {
  it('runs calls as tasks; a slowed instance loses them, and the monitor shows it', async () => {
    const [slow] = await register('work', 'work-1', 'work-2')
    const lightsub = new Lightsub({
      name: 'tasks',
      consul: agent.address,
      stateDir,
      logLevel: 'silent',
      maxRunning: 4,
    })
    lightsub.addService('work').setScheduler('latency')
    await lightsub.start()
    closers.push(() => lightsub.stop())
    slow!.handler = (_req, res) => void setTimeout(() => res.end('{}'), 50)
    const run = () => lightsub.call('work', { method: 'GET', path: '/' })

    const first = await run()
    expect(first).toMatchObject({ state: 'done', service: 'work', answer: { status: 200 } })

    const tasks = await Promise.all(Array.from({ length: 30 }, run))

    expect(tasks.filter(({ endpoint }) => endpoint === 'work-1').length).toBeLessThan(8)
    expect(Math.max(...tasks.map(({ waitedMs }) => waitedMs))).toBeGreaterThan(0)
    expect(lightsub.monitor.service('work').p99_ms).toBeGreaterThan(40)
    expect(lightsub.scheduler).toMatchObject({ policy: 'latency', running: 0, waiting: 0 })
  })

  it('refuses what finds no place to wait', async () => {
    await register('narrow', 'narrow-1')
    const limits = { maxRunning: 1, maxWaiting: 1 }
    const lightsub = new Lightsub({
      name: 'tasks',
      consul: agent.address,
      stateDir,
      logLevel: 'silent',
      ...limits,
    })
    await lightsub.addService('narrow').start()
    closers.push(() => lightsub.stop())

    const calls = Array.from({ length: 3 }, () => lightsub.call('narrow', { method: 'GET', path: '/' }))
    const ends = (await Promise.allSettled(calls)).map(({ status }) => status)

    expect(ends).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  })
})
