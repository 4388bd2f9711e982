const KEPT_MS = 600_000
/** One a service, instance, topic or priority; beyond that those of dead processes give way. */
const MAX_KEYS = 500

interface Ring {
  atMs: number[]
  values: number[]
}

export interface Increases {
  /** How much more a counter is than it was `windowMs` ago, or since it was first seen. */
  over(key: string, value: number, windowMs: number): number
  /** The same a second; null where it is seen for the first time. */
  rate(key: string, value: number, windowMs: number): number | null
  /** What a figure was `windowMs` ago, or when it was first seen. */
  before(key: string, value: number, windowMs: number): number
}

/** Counters as they were over the last ten minutes: one reading a look, and old ones are forgotten. */
export function createIncreases(
  now = () => performance.now(),
  maxKeys = MAX_KEYS,
  keptMs = KEPT_MS,
): Increases {
  const rings = new Map<string, Ring>()

  function ringOf(key: string): Ring {
    const ring = rings.get(key) ?? { atMs: [], values: [] }
    // Behind the others: what is not read any more gives way first.
    rings.delete(key)
    rings.set(key, ring)
    const oldest = rings.keys().next().value
    if (rings.size > maxKeys && oldest !== undefined) rings.delete(oldest)
    return ring
  }

  /** The reading of `windowMs` ago, or the oldest there is; this one is added. */
  function look(key: string, value: number, windowMs: number): { value: number; seconds: number } {
    const { atMs, values } = ringOf(key)
    const nowMs = now()
    atMs.push(nowMs)
    values.push(value)
    const stale = atMs.findIndex((at) => at >= nowMs - keptMs)
    atMs.splice(0, stale)
    values.splice(0, stale)
    const index = atMs.findIndex((at) => at >= nowMs - windowMs)
    return { value: values[index]!, seconds: (nowMs - atMs[index]!) / 1_000 }
  }

  return {
    over: (key, value, windowMs) => Math.max(0, value - look(key, value, windowMs).value),
    rate(key, value, windowMs) {
      const before = look(key, value, windowMs)
      return before.seconds === 0 ? null : Math.max(0, value - before.value) / before.seconds
    },
    before: (key, value, windowMs) => look(key, value, windowMs).value,
  }
}
