import { BlockList } from 'node:net'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ConsulClient, ServiceDefinition } from '@lepton/common/mesh/consul'
import { askService } from '@lepton/contracts/governance'
import { silentLog } from '@lepton/testing/log'
import { foreignServiceRoutes } from '../src/foreign-services.ts'
import { createMarks } from '../src/marks.ts'
import { useOps } from './ops-service.ts'

const allow = new BlockList()
allow.addSubnet('127.0.0.0', 8, 'ipv4')
allow.addSubnet('10.1.0.0', 16, 'ipv4')
const marks = createMarks('boot')
let registered: ServiceDefinition[] = []
let isConsulAway = false

const consul = {
  register: (definition: ServiceDefinition) => {
    if (isConsulAway) return Promise.reject(new Error('connection refused'))
    registered = [...registered.filter(({ id }) => id !== definition.id), definition]
    return Promise.resolve()
  },
  deregister: (id: string) => Promise.resolve(void (registered = registered.filter((one) => one.id !== id))),
  idsWithTag: (tag: string) =>
    Promise.resolve(registered.filter(({ tags }) => tags.includes(tag)).map(({ id }) => id)),
} as Partial<ConsulClient> as ConsulClient

const ops = useOps((mesh) =>
  foreignServiceRoutes({
    consul,
    mesh,
    marks,
    log: silentLog,
    allow,
    maxRegistered: 3,
    ownPlaces: ['127.0.0.1:8500', '127.0.0.1:9092'],
  }),
)
const BILLING = { service_name: 'billing', service_address: '127.0.0.1', service_port: 9_500 }
const register = async (change: object = {}) =>
  (await ops.people.operator()).post('/register', { ...BILLING, ...change })

beforeEach(() => {
  registered = []
  isConsulAway = false
  const place = { address: '127.0.0.1', tags: [], isWarning: false, weight: 1, tier: 'verified' as const }
  ops.mesh.know('order', [
    {
      ...place,
      id: 'order-1',
      name: 'order-1',
      port: 7_001,
      meta: { ops_address: '127.0.0.1', ops_port: '7002' },
    },
  ])
})

describe('POST /register', () => {
  it('puts the instance into the registry, with a check, and says so to all operators', async () => {
    expect(await register()).toMatchObject({
      status: 200,
      body: { status: 'success', service_name: 'billing', instance: 'billing-9500' },
    })
    expect(registered).toMatchObject([
      { name: 'billing', address: '127.0.0.1', port: 9_500, check: { url: 'tcp://127.0.0.1:9500' } },
    ])
    expect(marks.latest(1)).toMatchObject([{ name: 'billing', what: 'registered at 127.0.0.1:9500' }])
    expect((await register()).status).toBe(200)
    expect(registered).toHaveLength(1)
  })

  it('registers by which paths a service takes part in transactions, and no other paths', async () => {
    const paths = { prepare: '/tx/{id}/prepare', confirm: '/tx/{id}/confirm', cancel: '/{id}' }

    expect((await register({ participant: paths })).status).toBe(200)

    expect(registered).toMatchObject([
      {
        meta: {
          participant_prepare: paths.prepare,
          participant_confirm: paths.confirm,
          participant_cancel: '/{id}',
        },
      },
    ])
    for (const cancel of ['/tx/cancel', '//evil/{id}', '/../{id}', '/{id}?a=b', 'http://evil/{id}'])
      expect(await register({ participant: { ...paths, cancel } })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/participant/cancel' }] },
      })
  })

  it.each([
    ['the metadata service of a cloud', { service_address: '169.254.169.254', service_port: 80 }],
    ['the same, written as IPv6', { service_address: '::ffff:169.254.169.254', service_port: 80 }],
    ['an address of another network', { service_address: '10.2.0.1' }],
    ['every interface', { service_address: '0.0.0.0' }],
    ['IPv6 loopback, which is not in the list', { service_address: '::1' }],
    ['Consul', { service_port: 8_500 }],
    ['Kafka, by another name of this machine', { service_address: '127.0.0.2', service_port: 9_092 }],
    ['an instance of the shop', { service_port: 7_001 }],
    ['the page of metrics of an instance', { service_port: 7_002 }],
  ])('takes no address of %s', async (_what, place) => {
    expect(await register(place)).toMatchObject({
      status: 422,
      body: { type: '/problems/address-not-allowed', errors: [{ pointer: '/service_address' }] },
    })
    expect(registered).toEqual([])
  })

  it.each([
    ['a name instead of an address', { service_address: 'localhost' }, '/service_address'],
    ['an address in another notation', { service_address: '0x7f.1' }, '/service_address'],
    ['a number instead of an address', { service_address: '2130706433' }, '/service_address'],
    ['a URL', { service_address: 'http://127.0.0.1' }, '/service_address'],
    ['a name of the shop', { service_name: 'order' }, '/service_name'],
    ['a name that is a path', { service_name: '../order' }, '/service_name'],
    ['no port', { service_port: 0 }, '/service_port'],
  ])('refuses %s', async (_what, change, pointer) => {
    expect(await register(change)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } })
    expect(registered).toEqual([])
  })

  it('has a bound', async () => {
    for (const service_port of [9_501, 9_502, 9_503]) await register({ service_port })
    expect((await register({ service_port: 9_504 })).status).toBe(503)
    expect((await register({ service_port: 9_503 })).status).toBe(200)
  })

  it('says whose fault it is when Consul is away', async () => {
    isConsulAway = true
    expect(await register()).toMatchObject({ status: 503, headers: { 'lepton-fault': 'consul' } })
  })

  it('is for operators only', async () => {
    const customer = await ops.people.customer()
    expect((await customer.post('/register', BILLING)).status).toBe(403)
  })
})

describe('DELETE /register', () => {
  it('takes out what was registered here, and nothing else', async () => {
    const operator = await ops.people.operator()
    await register()
    expect((await operator.delete('/register', BILLING)).status).toBe(200)
    expect(registered).toEqual([])
    expect((await operator.delete('/register', BILLING)).status).toBe(404)
  })
})

describe('GET /service', () => {
  it('gives what an instance answers, and sends nothing of the operator', async () => {
    ops.mesh.answer(askService, () => ({ status: 404, body: { hello: 'there' } }))
    const operator = await ops.people.operator()

    expect(await operator.get('/service?service_name=billing&path=/bills')).toMatchObject({
      status: 200,
      body: {
        status: 'success',
        service_name: 'billing',
        answer: { status: 404, content_type: 'application/json', body: '{"hello":"there"}' },
      },
    })
    expect(ops.mesh.requests.at(-1)).toMatchObject({ service: 'billing', path: '/bills', method: 'GET' })
    expect(ops.mesh.requests.at(-1)!.headers ?? {}).toEqual({})
  })

  it('says whether there is no such service, or none of its instances answers', async () => {
    ops.mesh.away(askService)
    const operator = await ops.people.operator()
    expect((await operator.get('/service?service_name=unheard-of')).status).toBe(404)
    expect((await operator.get('/service?service_name=order')).status).toBe(503)
  })

  it.each(['//evil.example/', '/a/../b', '/.git', '/a?b', '/..%2f', 'bills', '/a b', '/@evil'])(
    'refuses the path %s',
    async (path) => {
      const operator = await ops.people.operator()
      const query = new URLSearchParams({ service_name: 'billing', path })
      expect((await operator.get(`/service?${query.toString()}`)).status).toBe(400)
    },
  )
})
