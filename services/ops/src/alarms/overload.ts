import type { Snapshot } from '@lepton/common/http/snapshot'
import { isThere, snapshotsOf } from '../seeing.ts'
import { among, type Around, MINUTE_MS, own, type Reading } from './readings.ts'

export function shedShare(around: Around): Reading[] {
  return among(around, ['gateway']).map((view) => {
    const snapshots = snapshotsOf(view, around)
    const over = (of: (one: Snapshot) => number, name: string) =>
      snapshots.reduce(
        (sum, one) => sum + around.increases.over(`${name} ${one.boot_id}`, of(one), 5 * MINUTE_MS),
        0,
      )
    const shed = over((one) => one.shed.reduce((sum, { count }) => sum + count, 0), 'shed')
    const served = over((one) => one.requests.reduce((sum, { count }) => sum + count, 0), 'served')
    return { labels: {}, value: snapshots.length === 0 ? null : shed / Math.max(1, shed + served) }
  })
}

export function shedOthers(around: Around): Reading[] {
  return own(around).flatMap((view) =>
    ['read', 'change'].map((priority) => {
      const snapshots = snapshotsOf(view, around)
      const perMinute = snapshots.reduce((sum, one) => {
        const count = one.shed.find((entry) => entry.priority === priority)?.count ?? 0
        return sum + around.increases.over(`${priority} ${one.boot_id}`, count, MINUTE_MS)
      }, 0)
      return {
        labels: { service: view.service, priority },
        value: snapshots.length === 0 ? null : perMinute / 60,
      }
    }),
  )
}

export function inboundLimits(around: Around): Reading[] {
  return own(around).flatMap(({ service, instances }) =>
    instances.filter(isThere).map(({ name: instance }) => {
      const snapshot = around.snapshotOf(instance)
      const shed = snapshot?.shed.reduce((sum, { count }) => sum + count, 0) ?? 0
      const isShedding =
        snapshot !== undefined && around.increases.over(`any ${snapshot.boot_id}`, shed, 5 * MINUTE_MS) > 0
      return {
        labels: { service, instance },
        value: snapshot?.inbound_limit ?? null,
        counts: isShedding,
      }
    }),
  )
}
