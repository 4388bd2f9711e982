import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import pino from 'pino'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createDiscovery, type Discovery, discoveryDefaults } from '../src/mesh/discovery.ts'
import { continueTrace, currentTrace, withTrace } from '../src/runtime/trace.ts'
import { type FakeConsul, startFakeConsul } from './mesh-fake-consul.ts'

// Enough for a machine that does other things besides.
jest.setTimeout(30_000)

const closers: (() => Promise<unknown>)[] = []
let stateDir: string
let fake: FakeConsul
let consul: ConsulClient

/** Quick where the defaults are patient: the rules are the same. */
const quick = {
  ...discoveryDefaults,
  rate: { burst: 50, refillMs: 5 },
  errorBackoff: { baseMs: 5, maxMs: 20 },
}

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-discovery-'))
  fake = await startFakeConsul()
  consul = createConsulClient({ address: fake.address })
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await consul.close()
  await fake.stop()
  await rm(stateDir, { recursive: true })
})

function discover(settings: Partial<typeof quick> = {}) {
  const metrics = createMetrics()
  const discovery: Discovery = createDiscovery({
    consul,
    stateDir,
    log: silentLog,
    metrics,
    settings: { ...quick, ...settings },
  })
  closers.push(() => discovery.close())
  const watch = discovery.watch('order')
  const show = () =>
    watch
      .instances()
      .filter(({ tier }) => tier !== 'gone')
      .map(({ name, tier }) => (tier === 'verified' ? name : `(${name})`))
      .sort()
      .join(' ')
  async function value(name: string): Promise<number> {
    return (await metrics.registry.getSingleMetric(name)!.get()).values[0]?.value ?? 0
  }
  return {
    discovery,
    watch,
    show,
    value,
    sees: (list: string) => until(`list is ${list}`, () => show() === list),
  }
}

describe('a Consul that takes connections and answers nothing', () => {
  it('is found out soon by one who asks for what is there now, and not by one who waits for changes', async () => {
    fake.setOverride(() => true)
    const hasty = createConsulClient({ address: fake.address, answerTimeoutMs: 30 })
    closers.push(() => hasty.close())
    const query = { waitS: 60, timeoutMs: 300 }

    await expect(hasty.health('order', { ...query, index: 0 })).rejects.toThrow('within 30 ms')
    await expect(hasty.listKeys('lepton', { ...query, index: 0 })).rejects.toThrow('within 30 ms')
    await expect(hasty.listKeys('lepton', { ...query, index: 7 })).rejects.toThrow('within 300 ms')
  })
})

describe('discovery', () => {
  it('knows the instances of a service, and hears of joins and leaves', async () => {
    fake.register('order', 'a', 'b')
    const { watch, show, sees, value } = discover()
    const heard: number[] = []
    watch.subscribe((instances) => heard.push(instances.filter(({ tier }) => tier !== 'gone').length))

    await watch.ready
    expect(show()).toBe('a b')
    fake.register('order', 'c')
    await sees('a b c')
    fake.forget('a')
    await sees('b c')

    expect(heard).toEqual([2, 3, 2])
    expect(await value('discovery_age_seconds')).toBeLessThan(2)
    expect(fake.asked.every(({ searchParams }) => searchParams.has('stale'))).toBe(true)
  })

  it('is informed by an answer or by a file, and not by a Consul that does not answer', async () => {
    fake.setOverride((_req, res) => {
      res.writeHead(500).end('No cluster leader')
      return true
    })
    const { discovery, watch } = discover()
    await watch.ready
    expect(watch.isInformed()).toBe(false)

    fake.setOverride(() => false)
    await until('an answer', () => watch.isInformed())
    fake.register('order', 'a')
    await until('the instance is known', () => watch.instances().length === 1)
    await discovery.close()
    await fake.stop()
    const next = discover()
    await next.watch.ready
    expect(next.watch.isInformed()).toBe(true)
  })

  it('knows one instance for each place, though they share an id or have moved', async () => {
    const entry = (node: string, port: number) => ({
      Node: { Node: node, Address: `10.0.0.${port % 10}` },
      Service: { ID: 'billing', Port: port },
      Checks: [],
    })
    let entries: unknown[] = [entry('a', 8_001), entry('b', 8_001), entry('c', 8_002)]
    fake.setOverride((_req, res) => {
      res.setHeader('x-consul-index', 1).setHeader('x-consul-knownleader', 'true')
      res.end(JSON.stringify(entries))
      return true
    })
    const { watch } = discover()
    const places = () => watch.instances().filter(({ tier }) => tier === 'verified').length
    await until('three places', () => places() === 3)

    const moved = entry('a', 9_001)
    entries = [moved, entry('b', 8_001), entry('c', 8_002)]
    await until('the new port', () => watch.instances().some(({ port }) => port === 9_001))

    const ids = watch.instances().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('writes a list that stays the same again each hour, so that it is not too old when Consul is away', async () => {
    fake.register('order', 'a')
    const clock = { ms: 0 }
    const discovery = createDiscovery({
      consul,
      stateDir,
      log: silentLog,
      metrics: createMetrics(),
      settings: quick,
      now: () => clock.ms,
      date: () => new Date(clock.ms),
    })
    closers.push(() => discovery.close())
    await discovery.watch('order').ready
    const saved = async () => {
      const text = await readFile(join(stateDir, 'discovery-order.json'), 'utf8').catch(() => '{}')
      return (JSON.parse(text) as { saved_at?: string }).saved_at
    }
    await until('the first list is saved', async () => (await saved()) === new Date(0).toISOString())

    clock.ms = 2 * 3_600_000
    fake.register('cart', 'b')

    await until(
      'the same list is saved again',
      async () => (await saved()) === new Date(clock.ms).toISOString(),
    )
  })

  it('leaves out entries that cannot be read or called, and takes the others', async () => {
    const good = { Node: { Node: 'a', Address: '10.0.0.1' }, Service: { ID: 'x', Port: 80 }, Checks: [] }
    const odd = { ...good, Service: { ID: 'y', Port: 80, Meta: { broken: null } } }
    const nowhere = { ...good, Service: { ID: 'z', Port: 0 } }
    fake.setOverride((_req, res) => {
      res.setHeader('x-consul-index', 1).setHeader('x-consul-knownleader', 'true')
      res.end(JSON.stringify([odd, good, nowhere, 'nonsense']))
      return true
    })
    const { watch } = discover()
    await watch.ready

    expect(watch.instances().map(({ name }) => name)).toEqual(['x'])
  })

  it('asks once at once and then waits, with one connection for a service', async () => {
    fake.register('order', 'a')
    const { watch, discovery } = discover()
    expect(discovery.watch('order')).toBe(watch)
    await watch.ready
    await until('it waits', () => fake.asked.length === 2)

    expect(fake.asked.map(({ searchParams }) => searchParams.get('index'))).toEqual([null, '11'])
    expect(fake.asked[1]!.searchParams.get('wait')).toBe('55s')
  })

  it('starts over when the index goes back', async () => {
    fake.register('order', 'a')
    const { sees, value } = discover({ waitS: 1 })
    await sees('a')
    fake.setIndex(3)
    fake.register('order', 'b')

    await sees('a b')
    expect(await value('discovery_index_resets_total')).toBe(1)
  })

  it('is not blinded by an agent that restarts with a lower or an equal index', async () => {
    fake.register('order', 'a')
    const { sees, show } = discover()
    await sees('a')
    for (const index of [2, 10]) {
      await fake.stop()
      fake = await startFakeConsul({ port: fake.port, index })
      await until('it asks the new agent', () => fake.asked.length >= 2)
      expect(show()).toBe('(a)')
      fake.register('order', 'a')
      await sees('a')
    }
  })

  it('keeps everybody as unverified when the list becomes empty, for a while', async () => {
    fake.register('order', 'a', 'b', 'c')
    const { sees } = discover({ holdMs: 50 })
    await sees('a b c')

    fake.forget('a', 'b', 'c')
    await sees('(a) (b) (c)')
    await sees('')
  })

  it.each([
    ['400', 400, 'bad request'],
    ['500', 500, 'no cluster leader'],
    ['nonsense', 200, '{"not":"a list"}'],
  ])('goes on asking after %s', async (_name, status, body) => {
    fake.register('order', 'a')
    const { sees, show } = discover()
    await sees('a')
    await until('it waits', () => fake.asked.length === 2)
    let refused = 0
    fake.setOverride((_req, res) => {
      refused += 1
      res.writeHead(status).end(body)
      return true
    })
    fake.register('order', 'b')
    await until('it was refused three times', () => refused >= 3)
    fake.register('order', 'c')
    expect(show()).toBe('a b')

    fake.setOverride(() => false)
    await sees('a b c')
  })

  it('does not believe a server without a leader', async () => {
    fake.register('order', 'a')
    const { sees, show } = discover()
    await sees('a')
    await until('it waits', () => fake.asked.length === 2)
    let answered = 0
    fake.setOverride((_req, res) => {
      answered += 1
      res.writeHead(200, { 'x-consul-index': '50', 'x-consul-knownleader': 'false' }).end('[]')
      return true
    })
    fake.register('order', 'b')

    await until('it was answered three times', () => answered >= 3)
    expect(show()).toBe('a b')
  })

  it('does not ask more often than allowed when answers come at once', async () => {
    fake.setOverride((_req, res) => {
      res.writeHead(200, { 'x-consul-index': '0' }).end('[]')
      return true
    })
    discover({ rate: { burst: 5, refillMs: 60_000 } })
    await until('it used what it may', () => fake.asked.length >= 5)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))

    expect(fake.asked).toHaveLength(5)
  })

  it('starts from the file while Consul is away, and drops what it remembers once Consul names others', async () => {
    fake.register('order', 'a')
    const first = discover()
    await first.sees('a')
    await first.discovery.close()
    expect(await readdir(stateDir)).toEqual(['discovery-order.json'])
    await fake.stop()

    const second = discover()
    await second.watch.ready
    expect(second.show()).toBe('(a)')

    fake = await startFakeConsul({ port: fake.port })
    fake.register('order', 'z')
    await second.sees('z')
  })

  it('takes nothing from a file that is old or broken', async () => {
    await fake.stop()
    const instance = {
      id: 'a',
      name: 'a',
      address: 'x',
      port: 1,
      tags: [],
      meta: {},
      isWarning: false,
      weight: 1,
    }
    for (const content of [
      JSON.stringify({ saved_at: '2020-01-01T00:00:00.000Z', instances: [instance] }),
      '{"sav',
    ]) {
      await writeFile(join(stateDir, 'discovery-order.json'), content)
      const { watch, show } = discover()
      await watch.ready
      expect(show()).toBe('')
    }
  })

  it('does not log under the trace of the request that first asked', async () => {
    await fake.stop()
    const traces: unknown[] = []
    const log = pino({ mixin: () => ({ trace: traces.push(currentTrace()) }) }, { write: () => {} })
    const discovery = createDiscovery({ consul, stateDir, log, metrics: createMetrics(), settings: quick })
    closers.push(() => discovery.close())
    await withTrace(continueTrace({}), () => discovery.watch('order').ready)

    expect(traces).toEqual([undefined])
  })

  it('refuses to watch more names than it may', () => {
    const { discovery } = discover({ maxWatches: 2 })
    discovery.watch('cart')

    expect(() => discovery.watch('made-up')).toThrow('made-up is not available')
  })

  it('ends at once when closed, also while a question hangs', async () => {
    fake.setOverride(() => true)
    const { discovery, watch } = discover()
    await until('it asks', () => fake.asked.length === 1)
    await discovery.close()

    await watch.ready
  })
})
