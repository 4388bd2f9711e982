import { PROMISE_IDS } from '@lepton/contracts/promise-names'
import { ONLY_BY_CHAOS } from '@lepton/contracts/promises'
import { CONSUMERS, PUBLISHERS } from '@lepton/contracts/services'
import type { Walk } from '../reconciliation.ts'
import type { Increases } from '../increases.ts'
import { isThere, type Seeing, snapshotsOf } from '../seeing.ts'

/** A figure as it is now; null where it is not known. */
export interface Reading {
  labels: Record<string, string>
  value: number | null
  /** False where the figure says nothing at the moment: too little traffic, say. */
  counts?: boolean
}

/** What the alarms look at. */
export interface Around extends Seeing {
  walk: Walk | undefined
  increases: Increases
}

export const MINUTE_MS = 60_000
/** Below a request a second, one slow request would be one in a hundred. */
const LEAST_PER_S = 1

const answers = ({ state }: { state: string }) => state === 'passing' || state === 'warning'
/** The card processor gives no snapshots. */
export const own = ({ services }: Around) => services.filter(({ service }) => service !== 'psp')
export const among = ({ services }: Around, names: readonly string[]) =>
  services.filter(({ service }) => names.includes(service))

export function slowRequests(around: Around): Reading[] {
  return among(around, ['gateway']).map(({ figures: { p99_ms, requests_per_s } }) => ({
    labels: {},
    // Without a request there is no quantile, and none is slow.
    value: p99_ms === null ? (requests_per_s === null ? null : 0) : p99_ms / 1_000,
    counts: (requests_per_s ?? 0) > LEAST_PER_S,
  }))
}

export function outboxAges(around: Around): Reading[] {
  return among(around, PUBLISHERS).map(({ service, figures }) => ({
    labels: { service },
    value: figures.outbox_oldest_s,
  }))
}

export function growingLags(around: Around): Reading[] {
  return among(around, CONSUMERS).flatMap((view): Reading[] => {
    const { service } = view
    const lags = snapshotsOf(view, around).flatMap(({ lag_records }) => lag_records ?? [])
    if (lags.length === 0) return [{ labels: { service }, value: null }]
    return [...Map.groupBy(lags, ({ topic }) => topic)].map(([topic, ofTopic]) => {
      const value = ofTopic.reduce((sum, { records }) => sum + records, 0)
      const before = around.increases.before(`lag ${service} ${topic}`, value, 5 * MINUTE_MS)
      return { labels: { service, topic }, value, counts: value > before }
    })
  })
}

export function deadLetters(around: Around): Reading[] {
  return among(around, CONSUMERS).map(({ service, figures: { dead_letters: value } }) => ({
    labels: { service },
    value,
  }))
}

export function refusedRecords(around: Around): Reading[] {
  return among(around, CONSUMERS).map((view) => {
    const { service } = view
    const snapshots = snapshotsOf(view, around)
    const refused = snapshots.map(({ boot_id, consumed }) => {
      const count = consumed.reduce((sum, one) => sum + one.refused, 0)
      return around.increases.over(`refused ${boot_id}`, count, 10 * MINUTE_MS)
    })
    const value = refused.reduce((sum, one) => sum + one, 0)
    return { labels: { service }, value: snapshots.length === 0 ? null : value }
  })
}

export function brokenPromises({ walk }: Around): Reading[] {
  return PROMISE_IDS.filter((id) => !(ONLY_BY_CHAOS as readonly string[]).includes(id)).map((invariant) => ({
    labels: { invariant },
    value: walk === undefined ? null : (walk.counts.get(invariant) ?? 0),
  }))
}

export function anomalies(around: Around): Reading[] {
  const snapshots = among(around, CONSUMERS).flatMap((view) => snapshotsOf(view, around))
  const value = snapshots.reduce(
    (sum, { boot_id, anomalies: count }) =>
      sum + around.increases.over(`anomalies ${boot_id}`, count, 10 * MINUTE_MS),
    0,
  )
  return [{ labels: {}, value: snapshots.length === 0 ? null : value }]
}

export function answering({ services }: Around): Reading[] {
  return services.map(({ service, instances }) => ({
    labels: { service },
    value: instances.filter(answers).length,
  }))
}

export function certificates(around: Around): Reading[] {
  return own(around).flatMap((view) =>
    snapshotsOf(view, around).map(({ service, instance, at, certificate_expires_s: expiresS }) => ({
      labels: { service, instance },
      value: expiresS === null ? null : expiresS - Date.parse(at) / 1_000,
    })),
  )
}

const OPEN = ['closed', 'half-open', 'open']

export function openBreakers(around: Around): Reading[] {
  return own(around).flatMap((view): Reading[] => {
    const { service } = view
    const snapshots = snapshotsOf(view, around)
    if (snapshots.length === 0) return [{ labels: { service }, value: null }]
    const calls = snapshots.flatMap((one) => one.calls)
    return [...Map.groupBy(calls, ({ target }) => target)].map(([server_address, ofTarget]) => ({
      labels: { service, server_address },
      value: Math.max(...ofTarget.map(({ breaker }) => OPEN.indexOf(breaker))),
    }))
  })
}

export function loops(around: Around): Reading[] {
  return own(around).flatMap(({ service, instances }) =>
    instances.filter(isThere).map(({ name: instance, figures: { loop_share: value } }) => ({
      labels: { service, instance },
      value,
    })),
  )
}
