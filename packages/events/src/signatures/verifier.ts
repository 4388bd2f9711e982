import { verify } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { BrokerRecord } from '../broker.ts'
import { digestOf, SIGNATURE_HEADER } from './digest.ts'
import type { KeySet } from './key-set.ts'
import { parseSignature, statementOf } from './signature.ts'
import { climb } from './tree.ts'

/** Digests in the trees of signatures that were checked; the records of a batch come to a consumer by several partitions. */
const MAX_REMEMBERED = 8_000

export interface EventVerifier {
  /** Why a record of this topic cannot be believed; undefined where its owner has signed it. */
  distrust(topic: string, record: Pick<BrokerRecord, 'key' | 'headers' | 'value'>): string | undefined
}

export interface VerifierOptions {
  keys: KeySet
  /** The only service that may write a topic. */
  ownerOf: (topic: string) => string | undefined
  /** Whether records without a signature are believed, as while signatures are introduced. A wrong one never is. */
  acceptsUnsigned?: boolean
}

export function createEventVerifier({
  keys,
  ownerOf,
  acceptsUnsigned = false,
}: VerifierOptions): EventVerifier {
  const believed = new LRUCache<string, true>({ max: MAX_REMEMBERED })
  return {
    distrust(topic, { key, headers, value }) {
      const text = headers[SIGNATURE_HEADER]
      if (text === undefined) return acceptsUnsigned ? undefined : 'it is not signed'
      const signed = parseSignature(text)
      if (signed === undefined) return 'its signature cannot be read'
      const { kid, signature, path } = signed
      const known = keys(kid)
      if (known === undefined) return `it is signed with ${kid}, which is not one of the known keys`
      if (known.owner !== ownerOf(topic)) return `it is signed by ${known.owner}, which does not own ${topic}`
      const nameOf = (digest: Buffer) => `${kid} ${digest.toString('latin1')}`
      const way = climb(digestOf({ topic, key, headers, value }), path, (digest) =>
        believed.has(nameOf(digest)),
      )
      if (way === undefined) return 'its signature cannot be read'
      const { top, isKnown, below } = way
      if (!isKnown && !verify(null, statementOf(top), known.key, signature)) return 'its signature is wrong'
      for (const digest of [top, ...below]) believed.set(nameOf(digest), true)
      return undefined
    },
  }
}
