import { generateKeyPairSync } from 'node:crypto'
import { createOpen, createSeal } from '@lepton/shop/sealed-card'

/** What seals cards and opens them in tests, with a key of their own. */
export function createCards() {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return {
    seal: createSeal(JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'test-1' })),
    open: createOpen(JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'test-1' })),
  }
}
