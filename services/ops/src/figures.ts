import type { Snapshot } from '@lepton/common/http/snapshot'
import type { InstanceFigures } from '@lepton/contracts/figures'

export const NO_FIGURES: InstanceFigures = {
  requests_per_s: null,
  error_share: null,
  p99_ms: null,
  cpu_share: null,
  loop_share: null,
  rss_bytes: null,
}

/** What was answered between two snapshots, to be added up over instances. */
export interface Answered {
  seconds: number
  count: number
  failed: number
  le: readonly number[]
  /** Cumulative, the last one without a bound. */
  buckets: number[]
}

/** Undefined where the two are of different boots, or there is only one: counts say nothing by themselves. */
export function answeredBetween(before: Snapshot | undefined, after: Snapshot): Answered | undefined {
  if (before === undefined || before.boot_id !== after.boot_id) return undefined
  const seconds = (Date.parse(after.at) - Date.parse(before.at)) / 1_000
  if (seconds <= 0) return undefined
  const earlier = new Map(before.requests.map((one) => [`${one.method} ${one.route}`, one]))
  const sum: Answered = {
    seconds,
    count: 0,
    failed: 0,
    le: after.le,
    buckets: after.le.map(() => 0).concat(0),
  }
  for (const route of after.requests) {
    const was = earlier.get(`${route.method} ${route.route}`)
    sum.count += route.count - (was?.count ?? 0)
    sum.failed += route.failed - (was?.failed ?? 0)
    route.buckets.forEach((value, index) => {
      sum.buckets[index]! += value - (was?.buckets[index] ?? 0)
    })
  }
  return sum
}

export function addUp(all: readonly Answered[]): Answered | undefined {
  const [first] = all
  if (first === undefined) return undefined
  return all.slice(1).reduce(
    (sum, one) => ({
      ...sum,
      count: sum.count + one.count,
      failed: sum.failed + one.failed,
      buckets: sum.buckets.map((value, index) => value + (one.buckets[index] ?? 0)),
    }),
    first,
  )
}

export function ratesOf(answered: Answered | undefined) {
  if (answered === undefined) return { requests_per_s: null, error_share: null, p99_ms: null }
  const { seconds, count, failed, le, buckets } = answered
  return {
    requests_per_s: count / seconds,
    error_share: count === 0 ? null : failed / count,
    p99_ms: quantileMs(le, buckets, 0.99),
  }
}

/** Within the bucket that holds it, as Prometheus does it; null where nothing was answered. */
export function quantileMs(le: readonly number[], buckets: readonly number[], share: number): number | null {
  const total = buckets.at(-1) ?? 0
  if (total === 0) return null
  const wanted = total * share
  const index = buckets.findIndex((count) => count >= wanted)
  const [low, below] = index === 0 ? [0, 0] : [le[index - 1]!, buckets[index - 1]!]
  const high = le[index]
  // Beyond the last bound nothing is known but that.
  if (high === undefined) return low * 1_000
  return (low + ((high - low) * (wanted - below)) / (buckets[index]! - below)) * 1_000
}
