import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { join } from 'node:path'
import { PUBLIC, once, writeWhole } from './files.ts'
import { thumbprint } from './jwk.ts'

export interface CardKeys {
  /** Opens sealed cards; for the payment service alone. */
  cardPrivateKeyFile: string
  /** Seals them; for those who take cards and pass them on. */
  cardKeyFile: string
}

/** To replace the key, let the orders in progress end, delete the private one and run the set-up. */
export function createCardKeys(directory: string): CardKeys {
  const cardPrivateKeyFile = join(directory, 'card.jwk.json')
  const cardKeyFile = join(directory, 'card-key.json')
  const key = JSON.parse(once(cardPrivateKeyFile, createKey)) as JsonWebKey & { kid: string }
  const { kty, crv, x } = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' })
  writeWhole(cardKeyFile, JSON.stringify({ kty, crv, x, kid: key.kid }), PUBLIC)
  return { cardPrivateKeyFile, cardKeyFile }
}

function createKey(): string {
  const jwk = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return JSON.stringify({ ...jwk, kid: `card-${thumbprint('X25519', jwk.x ?? '').slice(0, 8)}` })
}
