import { Snapshot } from '@lepton/common/http/snapshot'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import type { Log } from '@lepton/common/runtime/log'
import type { AskInstance } from './ask-instance.ts'
import { type Answered, answeredBetween } from './figures.ts'

type OfService = KnownInstance & { service: string }

export interface Sample {
  /** Undefined where it did not answer. */
  snapshot: Snapshot | undefined
  /** What it answered since the sample before. */
  answered: Answered | undefined
}

export interface Sampler {
  /** Asks every instance at once, and forgets those that are not among them. */
  sample(instances: readonly OfService[]): Promise<void>
  of(name: string): Sample | undefined
}

/** Asks instances how they fare, on the listener that they keep for operators. */
export function createSampler({ ask, log }: { ask: AskInstance; log: Log }): Sampler {
  let samples = new Map<string, Sample>()

  async function take(instance: OfService): Promise<Snapshot | undefined> {
    try {
      return Snapshot.parse(await ask(instance, '/snapshot'))
    } catch (error) {
      log.debug({ err: error, target: instance.name }, 'an instance gave no snapshot')
      return undefined
    }
  }

  return {
    async sample(instances) {
      const taken = await Promise.all(
        instances.map(async (instance): Promise<[string, Sample]> => {
          const snapshot = await take(instance)
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
