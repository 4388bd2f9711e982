import type { Snapshot } from '@lepton/common/http/snapshot'
import type { Control } from '@lepton/common/mesh/control/control'
import type { CallPair } from '@lepton/contracts/mesh'
import { createIncreases } from '../increases.ts'
import { type Seeing, snapshotsOf } from '../seeing.ts'
import { pairOf, type Seen, type SeenEndpoint } from './pair.ts'

const WINDOW_MS = 60_000
/** Fifteen for each endpoint that an instance calls. */
const MAX_COUNTERS = 5_000

/** Who calls whom, from what each instance counts of those that it calls. */
export function createCallWatch(
  control: Pick<Control, 'values'>,
  increases = createIncreases(undefined, MAX_COUNTERS, WINDOW_MS),
) {
  let latest: CallPair[] = []

  function endpointOf(
    boot: string,
    target: string,
    one: Snapshot['targets'][number]['endpoints'][number],
  ): SeenEndpoint {
    const { instance, standing, ejected_ms, transport, is_encrypted, weight, pending } = one
    const rate = (what: string, value: number) =>
      increases.rate(`${boot} ${target} ${instance} ${what}`, value, WINDOW_MS)
    return {
      ...{ instance, standing, ejected_ms, transport, is_encrypted, weight, pending },
      perS: rate('ended', one.ended),
      failedPerS: rate('failed', one.failed),
      buckets: one.buckets.map((count, index) => rate(`le ${index}`, count) ?? 0),
    }
  }

  function seenBy({ boot_id, targets }: Snapshot, service: string): Seen | undefined {
    const found = targets.find(({ target }) => target === service)
    if (found === undefined) return undefined
    const { policy, budget, is_panicking, discovery_age_s, breakers, retried } = found
    return {
      ...{ policy, budget, is_panicking, discovery_age_s, breakers },
      retriedPerS: increases.rate(`${boot_id} ${service} retried`, retried, WINDOW_MS),
      endpoints: found.endpoints
        .filter(({ standing }) => standing !== 'gone')
        .map((one) => endpointOf(boot_id, service, one)),
    }
  }

  return {
    latest: () => latest,
    look(seeing: Seeing): void {
      const drained = (service: string) => (instance: string) =>
        (control.values().get(`instances/${service}/${instance}`) as { drain?: boolean } | undefined)
          ?.drain === true
      latest = seeing.services.flatMap((view) => {
        const caller = view.service
        const snapshots = snapshotsOf(view, seeing)
        const targets = new Set(snapshots.flatMap((one) => one.targets.map(({ target }) => target)))
        return [...targets].sort().map((target) =>
          pairOf(
            { caller, target },
            snapshots.flatMap((one) => seenBy(one, target) ?? []),
            snapshots[0]?.rtt_le ?? [],
            drained(target),
          ),
        )
      })
    },
  }
}
