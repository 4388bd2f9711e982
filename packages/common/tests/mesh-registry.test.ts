import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { registerInstance, type Registration, registryDefaults } from '../src/mesh/registry.ts'
import { type FakeConsul, startFakeConsul } from './mesh-fake-consul.ts'

// Enough for a machine that does other things besides.
jest.setTimeout(30_000)

const registrations: Registration[] = []
let fake: FakeConsul
let consul: ConsulClient

beforeEach(async () => {
  fake = await startFakeConsul()
  consul = createConsulClient({ address: fake.address })
})

afterEach(async () => {
  await Promise.all(registrations.splice(0).map(({ deregister }) => deregister(200)))
  await consul.close()
  await fake.stop()
})

describe('registration', () => {
  async function register(): Promise<Registration> {
    const registration = await registerInstance({
      consul,
      log: silentLog,
      service: 'order',
      instance: 'order-1',
      address: '127.0.0.1',
      port: 4321,
      tags: ['v1'],
      settings: {
        ...registryDefaults,
        rate: { burst: 50, refillMs: 5 },
        errorBackoff: { baseMs: 5, maxMs: 20 },
      },
    })
    registrations.push(registration)
    return registration
  }

  it('announces an instance as passing, with a check and its name', async () => {
    const { id } = await register()

    expect(id).toBe('order-1-4321')
    expect(fake.bodies[0]).toEqual({
      ID: id,
      Name: 'order',
      Address: '127.0.0.1',
      Port: 4321,
      Tags: ['v1'],
      Meta: { instance: 'order-1' },
      Check: {
        Name: 'order is ready',
        HTTP: 'http://127.0.0.1:4321/readyz?instance=order-1',
        Interval: '5s',
        Timeout: '2s',
        Status: 'passing',
        FailuresBeforeCritical: 2,
        DeregisterCriticalServiceAfter: '10m',
      },
    })
  })

  it('does without the field that an old agent does not know', async () => {
    let refused = 0
    fake.setOverride((req, res) => {
      if (req.method !== 'PUT' || refused > 0) return false
      refused += 1
      res.writeHead(400).end('Request decode failed: unknown field "FailuresBeforeCritical"')
      return true
    })
    await register()

    expect(fake.bodies[0]!.Check).not.toHaveProperty('FailuresBeforeCritical')
  })

  it('returns at once after the agent forgot it', async () => {
    const { id } = await register()
    await until('it looks at its entry', () =>
      fake.asked.some(({ searchParams }) => searchParams.has('hash')),
    )
    fake.forget(id)

    await until('it is there again', () => fake.services.has(id))
  })

  it('returns at once after the agent restarted without its data', async () => {
    const { id } = await register()
    await fake.stop()
    fake = await startFakeConsul({ port: fake.port })

    await until('it is there again', () => fake.services.has(id))
  })

  it('serves without Consul, and is registered when Consul is back', async () => {
    await fake.stop()
    const { id } = await register()
    fake = await startFakeConsul({ port: fake.port })

    await until('it is there', () => fake.services.has(id))
  })

  it('is there once, although it was killed and came back at its place', async () => {
    await register()
    await register()

    expect([...fake.services.values()].filter(({ Port }) => Port === 4321)).toHaveLength(1)
  })

  it('leaves, and does not come back', async () => {
    const { id, deregister } = await register()
    await deregister()

    expect(fake.services.has(id)).toBe(false)
  })

  it('does not wait for a Consul that hangs', async () => {
    const { deregister } = await register()
    fake.setOverride(() => true)
    const started = performance.now()
    await deregister(100)

    expect(performance.now() - started).toBeLessThan(2000)
  })
})
