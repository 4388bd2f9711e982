import type { PartitionLag } from '@lepton/events/kafka/lag'

/** Ten minutes, one look each four seconds. */
const KEPT = 150
const RATE_MS = 30_000

interface Look {
  atMs: number
  lags: readonly PartitionLag[]
}

interface Lag {
  records: number
  /** How long the oldest record that waits has waited: at least this, where it is older than what is remembered. */
  seconds: number
  appendedPerS: number | null
  consumedPerS: number | null
  trendPerS: number | null
  partitions: { partition: number; lag_records: number; owner: string | null }[]
}

export interface LagHistory {
  add(lags: readonly PartitionLag[], atMs: number): void
  of(group: string, topic: string): Lag | undefined
}

/** Where logs ended and groups were, over the last minutes: from it follow rates, and the age of what waits. */
export function createLagHistory(): LagHistory {
  const looks: Look[] = []

  function at(look: Look, group: string, topic: string): PartitionLag[] {
    return look.lags.filter((one) => one.group === group && one.topic === topic)
  }

  /** The latest look at which the log had no more than the group has read by now: what came after it waits. */
  function ageOf({ group, topic, partition, committed }: PartitionLag, nowMs: number): number {
    const seen = looks.findLast(
      (look) =>
        (at(look, group, topic).find((one) => one.partition === partition)?.end ?? Infinity) <= committed,
    )
    return (nowMs - (seen ?? looks[0]!).atMs) / 1_000
  }

  return {
    add(lags, atMs) {
      looks.push({ lags, atMs })
      if (looks.length > KEPT) looks.shift()
    },

    of(group, topic) {
      const last = looks.at(-1)
      if (last === undefined) return undefined
      const now = at(last, group, topic)
      const before = looks.find(({ atMs }) => atMs >= last.atMs - RATE_MS)!
      const seconds = (last.atMs - before.atMs) / 1_000
      const earlier = at(before, group, topic)
      const rate = (of: (lag: PartitionLag) => number) =>
        seconds === 0 ? null : (sum(now, of) - sum(earlier, of)) / seconds
      const waiting = now.filter(({ end, committed }) => end > committed)
      return {
        records: sum(now, lagOf),
        seconds: Math.max(0, ...waiting.map((one) => ageOf(one, last.atMs))),
        appendedPerS: rate(({ end }) => end),
        consumedPerS: rate(({ committed }) => committed),
        trendPerS: rate(lagOf),
        partitions: now
          .map((one) => ({ partition: one.partition, lag_records: lagOf(one), owner: one.owner }))
          .sort((a, b) => a.partition - b.partition),
      }
    },
  }
}

const lagOf = ({ end, committed }: PartitionLag) => end - committed
const sum = (lags: readonly PartitionLag[], of: (lag: PartitionLag) => number) =>
  lags.reduce((total, lag) => total + of(lag), 0)

/** When a lag is gone if both rates stay as they are; null where it is not. */
export function clearsInS(
  records: number,
  appendedPerS: number | null,
  consumedPerS: number | null,
): number | null {
  if (records === 0) return 0
  if (appendedPerS === null || consumedPerS === null || consumedPerS <= appendedPerS) return null
  return records / (consumedPerS - appendedPerS)
}
