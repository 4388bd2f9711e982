import { createHmac, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto'
import { createSigner } from '@lepton/common/http/auth'
import { target } from '../journeys/world.ts'

type Json = Record<string, unknown>

const MINUTE_S = 60
const encode = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url')

interface Key {
  kid: string
  jwk: Json
}

function readKey(text: string): Key {
  const jwk = JSON.parse(text) as Json & { kid: string }
  return { kid: jwk.kid, jwk }
}

/** A token as its header and claims say, signed with a key, whatever the header claims. */
function token(header: Json, claims: Json, { jwk }: Key): string {
  const content = `${encode({ alg: 'EdDSA', ...header })}.${encode(claims)}`
  const signature = sign(null, Buffer.from(content), createPrivateKey({ key: jwk, format: 'jwk' }))
  return `${content}.${signature.toString('base64url')}`
}

function hmac(header: Json, claims: Json, secret: string | Buffer): string {
  const content = `${encode({ alg: 'HS256', ...header })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

/** Tokens that must not be accepted, in the name of a customer; `genuine` is one that he has. */
export async function forgedTokens(
  subject: string,
  genuine: string,
): Promise<[what: string, token: string][]> {
  const [head = '', payload = '', signature = ''] = genuine.split('.')
  const nowS = Math.floor(Date.now() / 1_000)
  const claims = {
    iss: 'gateway',
    sub: subject,
    aud: 'lepton',
    role: 'customer',
    iat: nowS,
    exp: nowS + 15 * MINUTE_S,
  }
  const altered = encode({ ...claims, role: 'operator' })
  const forged: [string, string][] = [
    ['rubbish', 'abc'],
    ['empty parts', '..'],
    ['without its signature', `${head}.${payload}.`],
    ['with another payload', `${head}.${altered}.${signature}`],
    ['with an altered signature', `${head}.${payload}.${signature.slice(0, -4)}AAAA`],
    ['cut', genuine.slice(0, -10)],
    ['alg none', `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['alg None', `${encode({ alg: 'None' })}.${encode(claims)}.`],
    ['HS256 with an empty key', hmac({}, claims, '')],
  ]
  if (target.inside === undefined) return forged
  const [gateway, order] = [
    readKey(await target.inside.keyOf('gateway')),
    readKey(await target.inside.keyOf('order')),
  ]
  const { kid } = gateway
  const open = createPublicKey({ key: gateway.jwk, format: 'jwk' })
  const signer = createSigner({ issuer: 'gateway', jwk: JSON.stringify(gateway.jwk) })
  const made = (changes: Json, header: Json = {}) =>
    token({ kid, ...header }, { ...claims, ...changes }, gateway)
  return [
    ...forged,
    ['expired', made({ exp: nowS - 10 * MINUTE_S })],
    ['without an end', made({ exp: undefined })],
    ['not valid yet', made({ nbf: nowS + 10 * MINUTE_S })],
    ['without an audience', made({ aud: undefined })],
    ['for another audience', made({ aud: 'another' })],
    [
      'the content of a cookie',
      await signer.sign({ subject, role: 'customer' }, { audience: 'lepton-session' }),
    ],
    ['of no role', made({ role: undefined })],
    ['of two roles', made({ role: ['customer', 'operator'] })],
    ['without a subject', made({ sub: undefined })],
    ['of another issuer', made({ iss: 'order' })],
    ['of no key', made({}, { kid: undefined })],
    ['of an unknown key', made({}, { kid: 'gateway-0' })],
    ['with a critical extension', made({}, { crit: ['b64'], b64: false })],
    ['by a service with its own key', token({ kid: order.kid }, claims, order)],
    ['by a service in the gateway’s name', token({ kid }, claims, order)],
    ['by a service as itself', token({ kid: order.kid }, { ...claims, iss: 'order' }, order)],
    ['by a key that it brings along', token({ jwk: publicOf(order) }, claims, order)],
    ['HS256 with the public key', hmac({ kid }, claims, open.export({ type: 'spki', format: 'pem' }))],
    [
      'HS256 with the key’s own bytes',
      hmac({ kid }, claims, Buffer.from(String(gateway.jwk['x']), 'base64url')),
    ],
  ]
}

function publicOf({ jwk }: Key): Json {
  const { d: _secret, ...rest } = jwk
  return rest
}

/** A genuine token of a session that goes on, whose own time is over. */
export async function expiredToken(subject: string): Promise<string | undefined> {
  if (target.inside === undefined) return undefined
  const signer = createSigner({ issuer: 'gateway', jwk: await target.inside.keyOf('gateway') })
  const session = { id: randomUUID(), began_at: Math.floor(Date.now() / 1_000) - 60 * MINUTE_S }
  return signer.sign({ subject, role: 'customer', session }, { ttlS: -10 * MINUTE_S })
}
