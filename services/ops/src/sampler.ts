import { READ_SNAPSHOT, Snapshot } from '@lepton/common/http/snapshot'
import type { Signer } from '@lepton/common/http/auth'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import type { Log } from '@lepton/common/runtime/log'
import { type Answered, answeredBetween } from './figures.ts'

/** An instance that takes longer counts as one that does not answer. */
const LIMIT_MS = 500

export interface Sample {
  /** Undefined where it did not answer. */
  snapshot: Snapshot | undefined
  /** What it answered since the sample before. */
  answered: Answered | undefined
}

export interface Sampler {
  /** Asks every instance at once, and forgets those that are not among them. */
  sample(instances: readonly KnownInstance[]): Promise<void>
  of(name: string): Sample | undefined
}

/** Asks instances how they fare, on the listener that they keep for operators. */
export function createSampler({ signer, log }: { signer: Signer; log: Log }): Sampler {
  let samples = new Map<string, Sample>()

  async function ask({ name, meta }: KnownInstance): Promise<Snapshot | undefined> {
    const { ops_address: address = '', ops_port: port = '' } = meta
    const host = address.includes(':') ? `[${address}]` : address
    try {
      const token = await signer.serviceToken(READ_SNAPSHOT.operation)
      const answer = await fetch(`http://${host}:${port}/snapshot`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(LIMIT_MS),
      })
      // What is not read keeps its connection.
      const body: unknown = await answer.json()
      return Snapshot.parse(body)
    } catch (error) {
      log.debug({ err: error, target: name }, 'an instance gave no snapshot')
      return undefined
    }
  }

  return {
    async sample(instances) {
      const taken = await Promise.all(
        instances.map(async (instance): Promise<[string, Sample]> => {
          const snapshot = await ask(instance)
          const before = samples.get(instance.name)?.snapshot
          const answered = snapshot && answeredBetween(before, snapshot)
          return [instance.name, { snapshot, answered }]
        }),
      )
      // A process that was started again may be in the registry twice for a moment: what answers is the living one.
      samples = new Map(
        taken.sort(([, a], [, b]) => Number(a.snapshot !== undefined) - Number(b.snapshot !== undefined)),
      )
    },
    of: (name) => samples.get(name),
  }
}
