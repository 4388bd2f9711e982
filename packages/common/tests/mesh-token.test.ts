import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type ConsulClient, createConsulClient } from '../src/mesh/consul.ts'
import { Mesh } from '../src/mesh/mesh.ts'
import { type FakeConsul, startFakeConsul } from './mesh-fake-consul.ts'

const QUERY = { waitS: 0, timeoutMs: 5_000 }
const closers: (() => Promise<unknown>)[] = []
let fake: FakeConsul
let tokenFile: string

beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lepton-token-'))
  tokenFile = join(dir, 'token')
  fake = await startFakeConsul()
  closers.push(
    () => rm(dir, { recursive: true }),
    () => fake.stop(),
  )
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** An agent that takes one token only, and what each request carried. */
function accept(token: string): (string | string[] | undefined)[] {
  const carried: (string | string[] | undefined)[] = []
  fake.setOverride((req, res) => {
    const given = req.headers['x-consul-token']
    carried.push(given)
    if (given !== token) return refuse(res)
    if (!req.url!.startsWith('/v1/kv/')) return false
    res.end(req.method === 'GET' ? '[]' : 'true')
    return true
  })
  return carried
}

function refuse(res: ServerResponse): true {
  res.writeHead(403).end('ACL not found')
  return true
}

async function clientWith(token: string): Promise<ConsulClient> {
  await writeFile(tokenFile, `${token}\n`)
  const consul = createConsulClient({ address: fake.address, tokenFile })
  closers.push(() => consul.close())
  return consul
}

const check = {
  url: 'tcp://127.0.0.1:1',
  intervalS: 5,
  timeoutS: 1,
  failuresBeforeCritical: 2,
  deregisterAfterMin: 1,
}
const order = { id: 'order-1', name: 'order', address: '127.0.0.1', port: 1, tags: [], meta: {}, check }

const CALLS: Record<string, (consul: ConsulClient) => Promise<unknown>> = {
  register: (consul) => consul.register(order),
  deregister: (consul) => consul.deregister('order-1', 5_000),
  health: (consul) => consul.health('order', { ...QUERY, index: 0 }),
  definitionHash: (consul) => consul.definitionHash('order-1', QUERY),
  listKeys: (consul) => consul.listKeys('lepton/', { ...QUERY, index: 0 }),
  readKey: (consul) => consul.readKey('lepton/one'),
  writeKey: (consul) => consul.writeKey('lepton/one', '{}', 0),
}

describe('the ACL token from a file', () => {
  it.each(Object.entries(CALLS))(
    'goes with %s, and is read again when Consul refuses it',
    async (_name, call) => {
      const consul = await clientWith('first')
      fake.register('order', 'order-1')
      const carried = accept('first')
      await call(consul)
      expect(new Set(carried)).toEqual(new Set(['first']))

      const later = accept('second')
      await writeFile(tokenFile, 'second\n')
      await call(consul)
      await call(consul)
      expect(later).toEqual(['first', 'second', 'second'])
    },
  )

  it('is asked with once where the file holds nothing better', async () => {
    const consul = await clientWith('revoked')
    const carried = accept('other')
    await expect(consul.readKey('lepton/one')).rejects.toThrow('ACL not found')
    expect(carried).toEqual(['revoked'])
  })

  it('stays while the file is empty or away', async () => {
    const consul = await clientWith('first')
    let refusals = 2
    fake.setOverride((req, res) => {
      if (refusals-- > 0) return refuse(res)
      res.end(JSON.stringify([{ Key: 'lepton/one', Value: null, ModifyIndex: 1 }]))
      return req.headers['x-consul-token'] === 'first'
    })
    await writeFile(tokenFile, '')
    await expect(consul.readKey('lepton/one')).rejects.toThrow('403')
    await rm(tokenFile)
    await expect(consul.readKey('lepton/one')).rejects.toThrow('403')

    expect(await consul.readKey('lepton/one')).toMatchObject({ modifyIndex: 1 })
  })

  it('is what a Mesh carries that is given the file', async () => {
    await writeFile(tokenFile, 'first')
    const carried = accept('first')
    const mesh = new Mesh({ name: 'checkout', consul: fake.address, tokenFile, logLevel: 'silent' })
    await mesh.start()
    await mesh.stop()

    expect(new Set(carried)).toEqual(new Set(['first']))
  })

  it('must be there at the start', async () => {
    expect(() => createConsulClient({ address: fake.address, tokenFile })).toThrow('ENOENT')
    await writeFile(tokenFile, '\n')
    expect(() => createConsulClient({ address: fake.address, tokenFile })).toThrow('holds no token')
  })
})
