import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import type { Log } from '@lepton/common/runtime/log'

const CURVE = 'x25519'
const CIPHER = 'aes-256-gcm'
const [KEY_BYTES, NONCE_BYTES, TAG_BYTES, POINT_BYTES] = [32, 12, 16, 32]
/** What a sealed card looks like: the key it is for, and what only that key opens. */
const FORM = /^sealed\.([\w-]+)\.([\w-]+)$/

export type SealCard = (token: string, orderId: string) => string
export type OpenCard = (sealed: string, orderId: string) => string

/** A sealed card that this key does not open, or that was sealed for another order. */
export class NotOpened extends Error {}

/**
 * Seals card tokens for the one service that may read them: who passes one on can read nothing, change nothing, and use
 * it for no other order. Each is sealed with a key of its own (X25519, HKDF-SHA-256, AES-256-GCM).
 *
 * @param publicJwk the reader's public key
 */
export function createSeal(publicJwk: string): SealCard {
  const jwk = JSON.parse(publicJwk) as JsonWebKey & { kid: string }
  const reader = createPublicKey({ key: jwk, format: 'jwk' })
  return (token, orderId) => {
    const once = generateKeyPairSync(CURVE)
    const point = pointOf(once.publicKey)
    const { key, nonce } = derive(once.privateKey, reader, Buffer.concat([point, pointOf(reader)]))
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(Buffer.from(orderId))
    const content = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()])
    return `sealed.${jwk.kid}.${Buffer.concat([point, cipher.getAuthTag(), content]).toString('base64url')}`
  }
}

/**
 * Opens what was sealed for this key. A token that is not sealed is given as it is: it is of an event from before.
 *
 * @throws NotOpened
 */
export function createOpen(privateJwk: string): OpenCard {
  const jwk = JSON.parse(privateJwk) as JsonWebKey & { kid: string }
  const own = createPrivateKey({ key: jwk, format: 'jwk' })
  const ownPoint = pointOf(createPublicKey(own))
  return (sealed, orderId) => {
    const [, kid, text] = FORM.exec(sealed) ?? []
    if (text === undefined) return sealed
    if (kid !== jwk.kid) throw new NotOpened(`it is sealed for the key ${kid}`)
    try {
      const bytes = Buffer.from(text, 'base64url')
      const [point, rest] = [bytes.subarray(0, POINT_BYTES), bytes.subarray(POINT_BYTES)]
      const other = createPublicKey({
        key: { kty: 'OKP', crv: 'X25519', x: point.toString('base64url') },
        format: 'jwk',
      })
      const { key, nonce } = derive(own, other, Buffer.concat([point, ownPoint]))
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(orderId))
      decipher.setAuthTag(rest.subarray(0, TAG_BYTES))
      return decipher.update(rest.subarray(TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch (error) {
      throw new NotOpened(`it was changed, or sealed for another order than ${orderId}`, { cause: error })
    }
  }
}

/** The key is used for one message only, so that its nonce may follow from it. */
function derive(own: KeyObject, other: KeyObject, points: Buffer): { key: Buffer; nonce: Buffer } {
  const shared = diffieHellman({ privateKey: own, publicKey: other })
  const bytes = Buffer.from(hkdfSync('sha256', shared, points, 'lepton sealed card', KEY_BYTES + NONCE_BYTES))
  return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) }
}

function pointOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')
}

/** As `createOpen` does it; without a key none is opened. */
export function openOf(privateJwk: string | undefined): OpenCard {
  if (privateJwk !== undefined) return createOpen(privateJwk)
  return (sealed) => {
    if (FORM.test(sealed)) throw new NotOpened('CARD_PRIVATE_KEY_FILE is not set')
    return sealed
  }
}

/** As `createSeal` does it; without a key cards are passed on as they are, which is said once. */
export function sealOf(publicJwk: string | undefined, log: Pick<Log, 'warn'>): SealCard {
  if (publicJwk !== undefined) return createSeal(publicJwk)
  log.warn('CARD_KEY_FILE is not set: cards are in events as customers give them')
  return (token) => token
}
