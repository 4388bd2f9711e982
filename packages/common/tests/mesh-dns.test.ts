import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import pino from 'pino'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { newId } from '../src/runtime/id.ts'
import type { Log } from '../src/runtime/log.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createMeshClient } from '../src/mesh/client.ts'
import { createConsulClient } from '../src/mesh/consul.ts'
import { createDnsDiscovery, type DnsDiscoverySettings } from '../src/mesh/dns-discovery.ts'
import { Mesh } from '../src/mesh/mesh.ts'
import { registerInstance } from '../src/mesh/registry.ts'
import { createConsulAgent, useConsulDns } from './mesh-consul-agent.ts'
import { failuresOf, inParallel, useInstances } from './mesh-fixtures.ts'
import { createFleet, reasonsOf } from './mesh-secure.ts'

jest.setTimeout(30_000)

/** Quick where the defaults are patient: the rules are the same. */
const quick = { pollMs: 50, errorBackoff: { baseMs: 5, maxMs: 50 }, timeoutMs: 500, tries: 1 }
const closers: (() => unknown)[] = []
const withOwnAgent = process.env.TEST_CONSUL_BINARY ? describe : describe.skip
let agent: ReturnType<typeof useConsulDns>
const { instances } = useInstances()
const fleet = createFleet()
let stateDir: string
let service: string

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-dns-'))
  service = `order-${newId().slice(-8)}`
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await fleet.close()
  await rm(stateDir, { recursive: true })
})

function discover(
  server: string,
  {
    log = silentLog,
    isSecure = false,
    ...settings
  }: Partial<DnsDiscoverySettings> & { log?: Log; isSecure?: boolean } = {},
  name = service,
) {
  const metrics = createMetrics()
  const all = { ...quick, ...settings }
  const discovery = createDnsDiscovery({ server, isSecure, stateDir, log, metrics, settings: all })
  closers.push(() => discovery.close())
  const watch = discovery.watch(name)
  const show = () =>
    watch
      .instances()
      .filter(({ tier }) => tier !== 'gone')
      .map(({ port, tier }) => (tier === 'verified' ? `${port}` : `(${port})`))
      .sort()
      .join(' ')
  const sees = (list: string, timeoutMs = 10_000) =>
    until(`list is ${list}`, () => show() === list, { timeoutMs })
  return { discovery, metrics, watch, show, sees }
}

async function put(address: string, path: string, body: object = {}): Promise<void> {
  const answer = await fetch(`${address}/v1/agent/service/${path}`, {
    method: 'PUT',
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
}

/** Places of the service, whose ports are their names. */
async function register(ports: number[], { address = '127.0.0.1', weight = 1, consul = agent.address } = {}) {
  for (const Port of ports) {
    const Weights = { Passing: weight, Warning: 1 }
    await put(consul, 'register', {
      ID: `${service}-${Port}`,
      Name: service,
      Address: address,
      Port,
      Weights,
    })
    closers.push(() => forget([Port], consul).catch(() => undefined))
  }
}

async function forget(ports: number[], consul = agent.address): Promise<void> {
  for (const port of ports) await put(consul, `deregister/${service}-${port}`)
}

withOwnAgent("discovery by Consul's DNS port", () => {
  agent = useConsulDns()

  it('knows addresses, ports and weights, and hears of joins and leaves', async () => {
    await register([8_001], { weight: 3 })
    await register([8_002], { address: '10.1.2.3' })
    await register([8_003], { address: 'fd00::7' })
    const { watch, sees } = discover(agent.dns)
    await watch.ready

    expect(watch.instances()).toMatchObject([
      { id: '10.1.2.3:8002', address: '10.1.2.3', port: 8_002, weight: 1, tier: 'verified' },
      { id: '127.0.0.1:8001', name: '127.0.0.1:8001', port: 8_001, weight: 3, meta: {} },
      { id: '[fd00::7]:8003', address: 'fd00::7', port: 8_003 },
    ])
    await register([8_004])
    await sees('8001 8002 8003 8004')
    await forget([8_002])
    await sees('8001 8003 8004')
  })

  it('leaves the address that is a name to the connection', async () => {
    await register([8_001], { address: 'order-1.internal' })
    const { watch, sees } = discover(agent.dns)
    await sees('8001')

    expect(watch.instances()[0]!.address).toMatch(/^order-1\.internal/)
  })

  it('sees all of many instances, and the same list each time', async () => {
    const ports = Array.from({ length: 40 }, (_one, index) => 9_000 + index)
    await register(ports)
    const { watch, sees } = discover(agent.dns)
    await sees(ports.join(' '))
    let changes = 0
    watch.subscribe(() => (changes += 1))

    await register([9_900])
    await sees([...ports, 9_900].join(' '))
    await forget([9_900])
    await sees(ports.join(' '))
    expect(changes).toBe(2)
  })

  it('keeps all as unverified when none is named any more, for a while', async () => {
    await register([8_001, 8_002, 8_003])
    const { sees } = discover(agent.dns, { holdMs: 300 })
    await sees('8001 8002 8003')

    await forget([8_001, 8_002, 8_003])
    await sees('(8001) (8002) (8003)')
    await sees('')
  })

  it('is ready without an instance where there is none, and asks for no name that is two', async () => {
    const none = discover(agent.dns)
    await none.watch.ready
    expect(none.show()).toBe('')

    await register([8_001])
    const two = discover(agent.dns, {}, `any.${service}`)
    await two.watch.ready
    expect(two.show()).toBe('')
  })

  it('balances and fails over as by HTTP', async () => {
    const fakes = await instances('order-1', 'order-2')
    const [one, two] = fakes
    await register(fakes.map(({ instance }) => instance.port))
    const { discovery, metrics, watch } = discover(agent.dns)
    const client = createMeshClient({ discovery, log: silentLog, metrics })
    closers.push(() => client.close())
    const get = () => client.request({ service, operation: 'getOrder', method: 'GET', path: '/orders/1' })
    await watch.ready

    expect(failuresOf(await inParallel(50, 5, get))).toEqual([])
    expect(Math.min(one!.requests.length, two!.requests.length)).toBeGreaterThan(5)
    const during = inParallel(100, 5, get)
    await one!.kill()
    expect(failuresOf(await during)).toEqual([])
  })

  /** An instance that shows the certificate of `as`, and a caller that finds it by its registered name. */
  async function speakTls(as: string, name = service) {
    const consul = createConsulClient({ address: agent.address })
    closers.push(() => consul.close())
    const { instance, meta } = await fleet.start(as, { consul })
    const { address, port } = instance
    const where = { service: name, instance: `${as}-1`, address, port, checkPath: false as const, meta }
    const settings = { checkIntervalS: 1 }
    const { deregister } = await registerInstance({ consul, log: silentLog, settings, ...where })
    closers.push(() => deregister())
    const { discovery, metrics, sees } = discover(agent.dns, { isSecure: true }, name)
    const { identity } = await fleet.call([], { from: { consul } })
    const client = createMeshClient({ discovery, identity, log: silentLog, metrics })
    closers.push(() => client.close())
    const request = { service: name, operation: 'getOrder', method: 'GET', path: '/orders/1' } as const
    return { port, sees, get: () => client.request(request) }
  }

  it('calls by TLS who speaks it, and others in plain text', async () => {
    const [foreign] = await instances('foreign-1')
    await register([foreign!.instance.port])
    const { port, sees, get } = await speakTls(service)
    await sees([port, foreign!.instance.port].sort().join(' '))

    const seen = new Set<string>()
    for (let count = 0; count < 60; count++) seen.add((await get()).body.toString())

    expect([...seen].sort()).toEqual([service, 'foreign-1'].sort())
  })

  it('goes on only where the certificate names the service that DNS was asked for', async () => {
    const { port, sees, get } = await speakTls('payment')
    await sees(String(port))

    expect(await reasonsOf(get())).toContain(`payment answers in place of ${service}`)
  })

  it('knows all in time, and says once what to set, where Consul leaves instances out', async () => {
    const own = await createConsulAgent(process.env.TEST_CONSUL_BINARY!, { truncates: false })
    closers.push(() => own.stop())
    await own.start()
    const ports = Array.from({ length: 9 }, (_one, index) => 9_000 + index)
    await register(ports, { consul: own.address })
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line) => lines.push(line) })
    const { watch } = discover(own.dns, { log })
    const known = () => new Set(watch.instances().map(({ port }) => port)).size
    const said = (text: string) => lines.filter((line) => line.includes(text)).length

    await until('all are known', () => known() === 9)
    await until('it says what to set', () => said('enable_truncate') === 1)
    const seen = lines.length
    let answers = 0
    watch.subscribe(() => (answers += 1))
    await until('it had many more answers', () => answers > 20)
    // A question that a busy machine lets run out is a line of its own; a line for each answer would be too many.
    expect([said('enable_truncate'), lines.length - seen < answers / 2]).toEqual([1, true])
  })

  it('is what a Mesh goes by that is given the port', async () => {
    const [one] = await instances('order-1')
    const { port } = one!.instance
    await register([port])
    const names = { name: 'checkout', consul: agent.address, dns: agent.dns }
    const mesh = new Mesh({ ...names, stateDir, logLevel: 'silent' }).addService(service)
    await mesh.start()
    closers.push(() => mesh.stop())

    const answer = await mesh.sendRequest('checkout', service, { method: 'GET', path: '/orders/1' })
    expect([answer.text(), answer.endpoint]).toEqual(['order-1', `127.0.0.1:${port}`])
  })

  it('goes on while Consul is away, and starts from the file', async () => {
    const own = await createConsulAgent(process.env.TEST_CONSUL_BINARY!)
    closers.push(() => own.stop())
    await own.start()
    await register([8_001], { consul: own.address })
    const first = discover(own.dns)
    await first.sees('8001')
    await own.stop()
    const age = async () =>
      (await first.metrics.registry.getSingleMetric('discovery_age_seconds')!.get()).values[0]!.value
    await until('it has no answers', async () => (await age()) > 0.5)
    expect(first.show()).toBe('8001')
    await first.discovery.close()

    const second = discover(own.dns)
    await second.sees('(8001)')
    await own.start()
    await register([8_002], { consul: own.address })
    await until('the new one is known', () => second.show().split(' ').includes('8002'))
  })
})

describe('a resolver that is slow or silent', () => {
  /** Says that there is no such name, in its own time; counts what waits. */
  async function startServer(answerAfterMs: number | undefined) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    let isClosed = false
    closers.push(() => {
      isClosed = true
      socket.close()
    })
    const seen = { asked: 0, waiting: 0, most: 0 }
    socket.on('message', (question, from) => {
      seen.asked += 1
      seen.waiting += 1
      seen.most = Math.max(seen.most, seen.waiting)
      if (answerAfterMs === undefined) return
      const answer = Buffer.from(question)
      answer.writeUInt16BE(0x8183, 2)
      setTimeout(() => {
        seen.waiting -= 1
        if (!isClosed) socket.send(answer, from.port, from.address)
      }, answerAfterMs)
    })
    return { server: `127.0.0.1:${socket.address().port}`, seen }
  }

  it('is asked one question at a time', async () => {
    const { server, seen } = await startServer(20)
    discover(server, { pollMs: 1 })

    await until('it was asked often', () => seen.asked >= 10)
    expect(seen.most).toBe(1)
  })

  it('makes nothing ready but what is remembered, and close ends the question', async () => {
    const { server, seen } = await startServer(undefined)
    const { watch, discovery } = discover(server, { timeoutMs: 20_000 })
    await until('it is asked', () => seen.asked > 0)
    expect(watch.isReady()).toBe(false)

    const startedMs = performance.now()
    await discovery.close()
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })
})
