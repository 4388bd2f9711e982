import { createPrivateKey, type JsonWebKey, sign } from 'node:crypto'
import type { Broker, OutgoingRecord } from '../broker.ts'
import { digestOf, SIGNATURE_HEADER } from './digest.ts'
import { signatureText, statementOf } from './signature.ts'
import { treeOf } from './tree.ts'

export interface EventSigner {
  /** The records with a signature each. One operation of the key for all of them. */
  sign(records: readonly OutgoingRecord[]): OutgoingRecord[]
}

/** Signs with a service's private key (Ed25519, a JWK as JSON). */
export function createEventSigner(jwk: string): EventSigner {
  const parsed = JSON.parse(jwk) as JsonWebKey & { kid: string }
  const key = createPrivateKey({ key: parsed, format: 'jwk' })
  return {
    sign(records) {
      if (records.length === 0) return []
      const { root, paths } = treeOf(records.map(digestOf))
      const signature = sign(null, statementOf(root), key)
      return records.map((record, index) => {
        const text = signatureText({ kid: parsed.kid, signature, path: paths[index]! })
        return { ...record, headers: { ...record.headers, [SIGNATURE_HEADER]: text } }
      })
    },
  }
}

/** A broker that signs what it is given. */
export function signing<B extends Broker>(broker: B, signer: EventSigner | undefined): B {
  return signer === undefined
    ? broker
    : { ...broker, send: (records: readonly OutgoingRecord[]) => broker.send(signer.sign(records)) }
}
