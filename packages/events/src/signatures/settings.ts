import { ConfigError, fileContent, filePath } from '@lepton/common/runtime/config'
import { z } from 'zod'
import type { Topic } from '../subscription.ts'
import { createKeySet } from './key-set.ts'
import { createEventSigner, type EventSigner } from './signer.ts'
import { createEventVerifier, type EventVerifier } from './verifier.ts'

export const signatureSettings = z.object({
  /**
   * Whether events are signed and checked. `accept` also takes events without a signature: while signatures are
   * introduced, and as long as older events are on the log.
   */
  EVENT_SIGNATURES: z.enum(['off', 'accept', 'require']).default('off'),
  /** This service's private key for events (a JWK), and the public keys of all of them. */
  EVENT_KEY_FILE: fileContent().optional(),
  EVENT_KEYS_FILE: filePath().optional(),
})

type SignatureSettings = z.infer<typeof signatureSettings>

/** @throws ConfigError where signatures are on and there is no key */
export function signerOf({ EVENT_SIGNATURES, EVENT_KEY_FILE }: SignatureSettings): EventSigner | undefined {
  if (EVENT_SIGNATURES === 'off') return undefined
  return createEventSigner(needed('EVENT_KEY_FILE', EVENT_KEY_FILE))
}

/** @throws ConfigError where signatures are on and there are no keys */
export function verifierOf(
  { EVENT_SIGNATURES, EVENT_KEYS_FILE }: Omit<SignatureSettings, 'EVENT_KEY_FILE'>,
  topics: readonly Topic[],
): EventVerifier | undefined {
  if (EVENT_SIGNATURES === 'off') return undefined
  const owners = new Map(topics.map(({ name, owner }) => [name, owner]))
  return createEventVerifier({
    keys: createKeySet(needed('EVENT_KEYS_FILE', EVENT_KEYS_FILE)),
    ownerOf: (topic) => owners.get(topic),
    acceptsUnsigned: EVENT_SIGNATURES === 'accept',
  })
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw new ConfigError(`EVENT_SIGNATURES needs ${name}`)
  return value
}
