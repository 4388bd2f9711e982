import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { cached } from './cache.ts'
import { CannotStart } from './cannot-start.ts'
import { readConfig } from './config.ts'
import { isLoopback, unusedPorts } from './consul.ts'
import { javaMajor } from './java.ts'
import { choosePostgres } from './postgres.ts'

describe('choosePostgres', () => {
  const installed = { folder: '/installed', major: 15, origin: 'installed' }
  const old = { folder: '/old', major: 12, origin: 'installed' }
  const npm = { folder: '/npm', major: 18, origin: 'from npm' }

  it('takes the first that is new enough', () => {
    expect(choosePostgres([old, installed, npm], undefined)).toBe(installed)
  })

  it('takes the one that can open the data', () => {
    expect(choosePostgres([installed, npm], 18)).toBe(npm)
  })

  it('names --fresh when none can open the data', () => {
    expect(() => choosePostgres([installed, npm], 16)).toThrow(/PostgreSQL 16 .* 15, 18.*--fresh/)
  })

  it('names what to install when there is none', () => {
    expect(() => choosePostgres([old], undefined)).toThrow(CannotStart)
  })
})

describe('javaMajor', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_402"', 8],
    ['The operation couldn’t be completed. Unable to locate a Java Runtime.', 0],
  ])('reads %s as %i', (output, major) => {
    expect(javaMajor(output)).toBe(major)
  })
})

it('gives each Consul only flags that it knows', () => {
  expect(unusedPorts('1.8.7')).not.toContain('-grpc-tls-port')
  expect(unusedPorts('1.20.1')).toContain('-grpc-tls-port')
})

it('knows the addresses that another machine cannot check', () => {
  expect(['localhost', '127.0.0.1', '127.3.2.1', '[::1]'].every(isLoopback)).toBe(true)
  expect(['consul', '10.0.0.1', '127.example.org'].some(isLoopback)).toBe(false)
})

describe('readConfig', () => {
  it('prefers the address that is meant for the launcher, and reads an empty one as none', () => {
    const { given } = readConfig({
      DATABASE_URL: 'postgres://a',
      LEPTON_ADMIN_DATABASE_URL: 'postgres://b',
      CONSUL_HTTP_ADDR: '10.0.0.1:8500',
      KAFKA_BROKERS: '',
    })

    expect(given).toEqual({ adminDatabaseUrl: 'postgres://b', consulHttpAddr: 'http://10.0.0.1:8500' })
  })

  it('lets children see a few variables only', () => {
    const { inherited } = readConfig({
      PATH: '/bin',
      HOME: '/h',
      AWS_SECRET_ACCESS_KEY: 'x',
      NODE_OPTIONS: '--x',
      NODE_ENV: 'test',
      TZ: 'Asia/Tokyo',
      LANG: 'tlh_KX.KOI8-R',
      PGSSLMODE: 'require',
      https_proxy: 'http://proxy',
    })

    expect(inherited).toEqual({ PATH: '/bin', HOME: '/h', LANG: 'C.UTF-8', TZ: 'UTC' })
  })

  it.each([
    [{ DATABASE_URL: 'localhost' }, 'DATABASE_URL', 'postgres://role:password@host:5432/postgres'],
    [{ CONSUL_HTTP_ADDR: 'http://' }, 'CONSUL_HTTP_ADDR', 'http://127.0.0.1:8500'],
  ])('names the variable of an address that is none: %j', (env, name, example) => {
    expect(() => readConfig(env)).toThrow(new CannotStart(`${name} is not an address such as ${example}.`))
  })
})

describe('cached', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lepton-cache-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  it('fills a folder once', async () => {
    let fills = 0
    const fill = (folder: string) => {
      fills += 1
      writeFileSync(join(folder, 'file'), 'x')
      return Promise.resolve()
    }
    await cached(dir, 'thing', fill)
    await cached(dir, 'thing', fill)

    expect(fills).toBe(1)
    expect(readdirSync(join(dir, 'thing'))).toEqual(['file'])
  })

  it('leaves nothing of a fetch that failed', async () => {
    const failing = cached(dir, 'thing', () => Promise.reject(new Error('no network')))

    await expect(failing).rejects.toThrow('no network')
    expect(readdirSync(dir)).toEqual([])
  })

  it('keeps what another clone fetched at the same time', async () => {
    const folder = await cached(dir, 'thing', () => {
      mkdirSync(join(dir, 'thing'))
      writeFileSync(join(dir, 'thing', 'theirs'), 'x')
      return Promise.resolve()
    })

    expect(readdirSync(folder)).toEqual(['theirs'])
    expect(readdirSync(dir)).toEqual(['thing'])
  })
})
