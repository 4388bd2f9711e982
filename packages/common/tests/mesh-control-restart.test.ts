import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { newId } from '../src/runtime/id.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createConsulClient } from '../src/mesh/consul.ts'
import { type Control, createControl } from '../src/mesh/control/control.ts'
import { useConsul } from './mesh-consul-agent.ts'

jest.setTimeout(30_000)

const WHO = { who: 'ada', why: 'for the test' }
const AWAY = 'http://127.0.0.1:1'
const agent = useConsul()
const closers: (() => unknown)[] = []
let stateDir: string
let prefix: string

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'lepton-settings-'))
  prefix = `test/${newId()}/`
  closers.push(() => rm(stateDir, { recursive: true }))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function consulAt(address: string) {
  const consul = createConsulClient({ address })
  closers.push(() => consul.close())
  return consul
}

/** A process that keeps its settings in the same folder. */
function startProcess(address: string, settings = { prefix }): Control {
  const [log, metrics] = [silentLog, createMetrics()]
  const control = createControl({
    consul: consulAt(address),
    caller: 'cart',
    stateDir,
    log,
    metrics,
    settings,
  })
  closers.push(() => control.close())
  return control
}

const DRAIN = 'instances/order/order-1'
const LAST = { 'services/order': { policy: 'latency' }, [DRAIN]: { drain: true } }

/** Leaves what a process kept that saw good settings, and then a bad one. */
async function keepLast(): Promise<void> {
  const first = startProcess(agent.address)
  await first.ready
  for (const [key, value] of Object.entries(LAST)) await first.set(key, value, WHO)
  await until('both are in force', () => first.values().size === 2)
  const consul = consulAt(agent.address)
  const { key, modifyIndex } = (await consul.readKey(`${prefix}services/order`))!
  await consul.writeKey(key, '{"policy":"nonsense"}', modifyIndex)
  await until('the bad one is refused', () => first.faults().size === 1)
  await first.close()
}

describe('a process that starts', () => {
  it('goes by the last good settings while Consul refuses connections', async () => {
    await keepLast()
    const control = startProcess(AWAY)
    await control.ready

    expect(Object.fromEntries(control.values())).toEqual(LAST)
    expect(control.traffic('order').policy).toBe('latency')
  })

  it('goes by them while Consul accepts connections and says nothing', async () => {
    await keepLast()
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closers.push(() => silent.close())
    const control = startProcess(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`)

    await until('they are in force', () => control.values().size === 2)
  })

  it('goes by what Consul says where it answers', async () => {
    await keepLast()
    const consul = consulAt(agent.address)
    const { key, modifyIndex } = (await consul.readKey(prefix + DRAIN))!
    await consul.writeKey(key, undefined, modifyIndex)
    const control = startProcess(agent.address)

    await control.ready
    expect(control.values().has(DRAIN)).toBe(false)
  })

  it("takes no other tree's settings, none that are too old, and none that cannot be read", async () => {
    await keepLast()
    const other = startProcess(AWAY, { prefix: `test/${newId()}/` })
    await other.ready
    expect(other.values().size).toBe(0)

    const settings = { defaults: { deadline_ms: 500 } }
    const contents: [string, number][] = [
      [JSON.stringify({ saved_at: '2020-01-01T00:00:00.000Z', settings }), 0],
      ['{"sav', 0],
      [JSON.stringify({ saved_at: new Date().toISOString(), settings }), 1],
    ]
    for (const [content, size] of contents) {
      await writeFile(join(stateDir, `settings-${encodeURIComponent(prefix)}.json`), content)
      const control = startProcess(AWAY)
      await control.ready
      expect(control.values().size).toBe(size)
      await control.close()
    }
  })
})
