/** What one service has experienced of another, over the last minute. */
export interface PairFigures {
  requests_per_s: number
  p50_ms: number
  p99_ms: number
  /** From 0 to 1. */
  error_rate: number
}

export interface Monitor {
  record(target: string, ms: number, isError: boolean): void
  pair(target: string): PairFigures
  targets(): string[]
}

const SECONDS = 60
/** Upper ends of the buckets of durations: each a quarter more than the one before, from 0.1 ms to about a minute. */
const GROWTH = 1.25
const FIRST_MS = 0.1
const BUCKETS = 60

interface Slot {
  second: number
  errors: number
  requests: number
  durations: Uint32Array
}

/** Counts requests by target in a ring of a minute. An observation allocates nothing. */
export function createMonitor(now: () => number = () => performance.now()): Monitor {
  const rings = new Map<string, Slot[]>()

  function ringOf(target: string): Slot[] {
    const known = rings.get(target)
    if (known !== undefined) return known
    const ring = Array.from({ length: SECONDS }, () => ({
      second: -1,
      errors: 0,
      requests: 0,
      durations: new Uint32Array(BUCKETS),
    }))
    rings.set(target, ring)
    return ring
  }

  return {
    record(target, ms, isError) {
      const second = Math.floor(now() / 1_000)
      const slot = ringOf(target)[second % SECONDS]!
      if (slot.second !== second) {
        slot.second = second
        slot.errors = 0
        slot.requests = 0
        slot.durations.fill(0)
      }
      slot.requests += 1
      if (isError) slot.errors += 1
      const bucket = Math.ceil(Math.log(Math.max(ms, FIRST_MS) / FIRST_MS) / Math.log(GROWTH))
      slot.durations[Math.min(bucket, BUCKETS - 1)]! += 1
    },

    pair(target) {
      const oldest = Math.floor(now() / 1_000) - SECONDS
      const slots = (rings.get(target) ?? []).filter(({ second }) => second > oldest)
      const requests = slots.reduce((sum, slot) => sum + slot.requests, 0)
      const errors = slots.reduce((sum, slot) => sum + slot.errors, 0)
      const first = Math.min(...slots.map(({ second }) => second))
      const span = requests === 0 ? 1 : Math.floor(now() / 1_000) - first + 1
      return {
        requests_per_s: requests / span,
        p50_ms: quantile(slots, requests, 0.5),
        p99_ms: quantile(slots, requests, 0.99),
        error_rate: requests === 0 ? 0 : errors / requests,
      }
    },

    targets: () => [...rings.keys()],
  }
}

function quantile(slots: readonly Slot[], requests: number, share: number): number {
  let left = Math.ceil(requests * share)
  if (left === 0) return 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    for (const { durations } of slots) left -= durations[bucket]!
    if (left <= 0) return FIRST_MS * GROWTH ** bucket
  }
  return FIRST_MS * GROWTH ** (BUCKETS - 1)
}
