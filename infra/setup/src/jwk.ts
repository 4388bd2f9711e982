import { existsSync, readFileSync } from 'node:fs'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'

/** A private key (Ed25519) as a JWK, whose id begins with its owner. */
export function createKey(owner: string): string {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return JSON.stringify({
    ...jwk,
    kid: `${owner}-${thumbprint('Ed25519', jwk.x ?? '').slice(0, 8)}`,
    alg: 'EdDSA',
    use: 'sig',
  })
}

export type PublicKey = ReturnType<typeof publicKey>

export function publicKey(privateKey: string) {
  const jwk = JSON.parse(privateKey) as { kid: string; kty: string; crv: string; x: string; d: string }
  const { kty, crv, x } = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' })
  return { kty, crv, x, kid: jwk.kid, alg: 'EdDSA', use: 'sig' }
}

/** The keys of a set; none where there is no file yet. */
export function publishedKeys<Key extends PublicKey>(file: string): Key[] {
  if (!existsSync(file)) return []
  return (JSON.parse(readFileSync(file, 'utf8')) as { keys: Key[] }).keys
}

/** RFC 7638 for a key on one of these curves: its required members in the order of their names. */
export function thumbprint(crv: 'Ed25519' | 'X25519', x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv, kty: 'OKP', x }))
    .digest('base64url')
}
