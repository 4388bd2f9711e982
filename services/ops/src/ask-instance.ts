import type { Signer } from '@lepton/common/http/auth'
import { READ_SNAPSHOT } from '@lepton/common/http/snapshot'
import type { KnownInstance } from '@lepton/common/mesh/membership'

/** An instance that takes longer counts as one that does not answer. */
const LIMIT_MS = 500

/** Asks an instance on the listener that it keeps for operators. @throws where it does not answer in time */
export type AskInstance = (instance: KnownInstance & { service: string }, path: string) => Promise<unknown>

export function createAskInstance(signer: Signer): AskInstance {
  return async ({ meta, service: owner }, path) => {
    const { ops_address: address = '', ops_port: port = '' } = meta
    const host = address.includes(':') ? `[${address}]` : address
    const answer = await fetch(`http://${host}:${port}${path}`, {
      headers: await signer.as({ operation: READ_SNAPSHOT.operation, owner }),
      signal: AbortSignal.timeout(LIMIT_MS),
    })
    // What is not read keeps its connection.
    const body: unknown = await answer.json()
    return body
  }
}
