import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { SignJWT } from 'jose'
import { createSigner, createVerifier, type Verify } from './auth.ts'

const folder = mkdtempSync(join(tmpdir(), 'lepton-auth-'))
const jwksFile = join(folder, 'jwks.json')
afterAll(() => rmSync(folder, { recursive: true }))

interface Key {
  kid: string
  jwk: string
  publicJwk: object
}

function createKey(kid: string): Key {
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'EdDSA' }
  const publicJwk = {
    ...createPublicKey(privateKey).export({ format: 'jwk' }),
    kid,
    alg: 'EdDSA',
    use: 'sig',
  }
  return { kid, jwk: JSON.stringify(jwk), publicJwk }
}

const gateway = createKey('gateway-1')
const order = createKey('order-1')
let verify: Verify

function publish(...keys: Key[]): void {
  writeFileSync(jwksFile, JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }))
}

beforeEach(() => {
  publish(gateway, order)
  verify = createVerifier({ jwksFile })
})

const byGateway = createSigner({ issuer: 'gateway', jwk: gateway.jwk })
const byOrder = createSigner({ issuer: 'order', jwk: order.jwk })
const alice = { subject: 'alice', role: 'customer' } as const

/** A token of three parts, as wrong as a test wants it. */
function raw(header: object, payload: object, signature = ''): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode(header)}.${encode(payload)}.${signature}`
}

const soon = () => Math.floor(Date.now() / 1000) + 600
const claims = () => ({ iss: 'gateway', sub: 'alice', role: 'customer', aud: 'lepton', exp: soon() })

describe('a token', () => {
  it('of the gateway speaks for its customer', async () => {
    const caller = await verify(await byGateway.sign(alice))
    expect(caller).toMatchObject({ subject: 'alice', role: 'customer', scopes: [] })
  })

  it('of a service speaks for the service, within its scope', async () => {
    const { authorization = '' } = await byOrder.as({ operation: 'list_products', owner: 'inventory' })
    const caller = await verify(authorization.replace('Bearer ', ''), 'inventory')
    expect(caller).toMatchObject({ subject: 'order', role: 'service', scopes: ['list_products'] })
  })
})

describe('a token is refused', () => {
  const refused = async (token: string) =>
    expect(await verify(token).catch((error: unknown) => error)).toMatchObject({ slug: 'unauthenticated' })

  it('without a signature (alg none)', () => refused(raw({ alg: 'none' }, claims())))

  it('that is signed with the public key as a shared secret (HS256)', async () => {
    const secret = Buffer.from(JSON.stringify(gateway.publicJwk).padEnd(32, ' '))
    const token = await new SignJWT({ role: 'customer' })
      .setProtectedHeader({ alg: 'HS256', kid: gateway.kid })
      .setIssuer('gateway')
      .setSubject('alice')
      .setAudience('lepton')
      .setExpirationTime('10m')
      .sign(secret)
    await refused(token)
  })

  it('whose content was changed', async () => {
    const [header, payload, signature] = (await byGateway.sign(alice)).split('.') as [string, string, string]
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const changed = Buffer.from(JSON.stringify({ ...content, sub: 'bob' })).toString('base64url')
    await refused(`${header}.${changed}.${signature}`)
  })

  it('that has expired, beyond the leeway', async () => {
    await refused(await byGateway.sign(alice, { ttlS: -31 }))
    await expect(verify(await byGateway.sign(alice, { ttlS: -20 }))).resolves.toMatchObject({
      subject: 'alice',
    })
  })

  it('that was remembered and has expired since', async () => {
    const token = await byGateway.sign(alice, { ttlS: 1 })
    await verify(token)
    jest.useFakeTimers({
      now: Date.now() + 60_000,
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'],
    })
    try {
      await refused(token)
    } finally {
      jest.useRealTimers()
    }
  })

  it('for another audience', async () => refused(await byGateway.sign(alice, { audience: 'lepton-session' })))

  it('of a customer that a service signed with its own key', async () => refused(await byOrder.sign(alice)))

  it('of a customer that a service signed in the name of the gateway', async () => {
    const forger = createSigner({ issuer: 'gateway', jwk: order.jwk })
    await refused(await forger.sign(alice))
  })

  it('of another service than the one that signed it', async () => {
    await refused(await byOrder.sign({ subject: 'payment', role: 'service', scope: 'x' }))
  })

  it('of a key that was not published', async () => {
    const unknown = createKey('gateway-2')
    await refused(await createSigner({ issuer: 'gateway', jwk: unknown.jwk }).sign(alice))
  })

  it('that is no token at all', async () => {
    for (const text of ['', 'a', 'a.b.c', 'é.è.ê']) await refused(text)
  })
})

describe('a new key', () => {
  it('is believed once it is published, without a restart, and the old one until it is withdrawn', async () => {
    const next = createKey('gateway-2')
    const byNext = createSigner({ issuer: 'gateway', jwk: next.jwk })
    await verify(await byGateway.sign(alice))
    publish(gateway, next, order)
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5_001)

    expect(await verify(await byNext.sign(alice))).toMatchObject({ subject: 'alice' })
    expect(await verify(await byGateway.sign({ ...alice, subject: 'bob' }))).toMatchObject({ subject: 'bob' })
    clock.mockRestore()
  })
})
