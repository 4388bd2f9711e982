import { createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { ALL_SERVICES } from '@lepton/contracts/services'
import { createSecrets, shareSecrets } from './keys.ts'
import { KEY_OWNERS } from './services.ts'

interface Jwk extends JsonWebKey {
  kid: string
}

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lepton-keys-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('gives each service its own secrets and no others', () => {
  const secrets = createSecrets(join(dir, 'all'))
  shareSecrets(secrets, join(dir, 'shares'))
  shareSecrets(secrets, join(dir, 'shares'))

  const owner = [
    'consul.secret',
    'database.secret',
    'event-key.jwk.json',
    'event-keys.json',
    'jwks.json',
    'kafka.secret',
    'key.jwk.json',
  ]
  const withCardKey = ['card-key.json', ...owner]
  const shares = readdirSync(join(dir, 'shares')).map((service) => [
    service,
    readdirSync(join(dir, 'shares', service)).sort(),
  ])
  expect(shares.map(([service]) => service)).toEqual([...ALL_SERVICES, 'consul', 'kafka'].sort())
  expect(Object.fromEntries(shares)).toMatchObject({
    gateway: ['consul.secret', 'jwks.json', 'key.jwk.json', 'operator.secret'],
    cart: withCardKey,
    ops: ['consul.secret', 'event-keys.json', 'jwks.json', 'kafka.secret', 'key.jwk.json'],
    order: withCardKey,
    payment: ['card.jwk.json', ...owner, 'psp.secret'],
    inventory: owner,
    psp: ['psp.secret'],
    consul: ['acl-before-1.11.json', 'acl.json', 'management.secret'],
    kafka: ['broker.secret', 'setup.secret'],
  })
  for (const service of KEY_OWNERS) {
    const { kid } = read(join(dir, 'shares', service, 'key.jwk.json'))
    expect(kid).toMatch(new RegExp(`^${service}-`))
  }
  const copy = join(dir, 'shares', 'psp', 'psp.secret')
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync(secrets.pspSecretFile, 'utf8'))
  expect(statSync(copy).mode & 0o777).toBe(0o600)
})

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Jwk & { keys: Jwk[] }

it('publishes for every private key the public one, and nothing private', () => {
  const { keyFiles, jwksFile } = createSecrets(dir)
  const { keys } = read(jwksFile)

  expect(keys).toHaveLength(KEY_OWNERS.length)
  expect(keys.every(({ d, alg, use }) => d === undefined && alg === 'EdDSA' && use === 'sig')).toBe(true)
  const own = read(keyFiles.order)
  const published = keys.find(({ kid }) => kid === own.kid)
  expect(own.kid).toMatch(/^order-.{8}$/)
  const signature = sign(null, Buffer.from('claim'), createPrivateKey({ key: own, format: 'jwk' }))
  const publicKey = createPublicKey({ key: published ?? {}, format: 'jwk' })
  expect(verify(null, Buffer.from('claim'), publicKey, signature)).toBe(true)
})

it('never overwrites a secret, and keeps each to its owner', () => {
  const first = createSecrets(dir)
  const key = readFileSync(first.keyFiles.gateway, 'utf8')
  const second = createSecrets(dir)

  expect(second).toEqual(first)
  expect(readFileSync(second.keyFiles.gateway, 'utf8')).toBe(key)
  for (const file of [...Object.values(first.keyFiles), first.operatorSecretFile, first.pspSecretFile]) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
})

it('keeps the public key that a new one replaces until the next time, if it is asked to', () => {
  const { keyFiles, jwksFile } = createSecrets(dir)
  const kids = () => read(jwksFile).keys.map(({ kid }) => kid)
  const before = kids()
  const { kid: old } = read(keyFiles.order)
  rmSync(keyFiles.order)

  createSecrets(dir, { keepsOldKeys: true })

  const { kid: fresh } = read(keyFiles.order)
  expect(kids().sort()).toEqual([...before, fresh].sort())
  createSecrets(dir)
  expect(kids()).not.toContain(old)
  expect(kids()).toContain(fresh)
})
