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
  /** What a figure was five minutes ago, or when it was first seen. */
  note(key: string, value: number): number
}

const NOTE_MS = 300_000

/** Counters as they were over the last ten minutes: one reading a look, and old ones are forgotten. */
export function createIncreases(now = () => performance.now()): Increases {
  const rings = new Map<string, Ring>()

  function ringOf(key: string): Ring {
    const ring = rings.get(key) ?? { atMs: [], values: [] }
    // Behind the others: what is not read any more gives way first.
    rings.delete(key)
    rings.set(key, ring)
    const oldest = rings.keys().next().value
    if (rings.size > MAX_KEYS && oldest !== undefined) rings.delete(oldest)
    return ring
  }

  /** The value of `windowMs` ago, or the oldest there is. */
  function before(key: string, value: number, windowMs: number): number {
    const { atMs, values } = ringOf(key)
    const nowMs = now()
    atMs.push(nowMs)
    values.push(value)
    const stale = atMs.findIndex((at) => at >= nowMs - KEPT_MS)
    atMs.splice(0, stale)
    values.splice(0, stale)
    return values[atMs.findIndex((at) => at >= nowMs - windowMs)]!
  }

  return {
    over: (key, value, windowMs) => Math.max(0, value - before(key, value, windowMs)),
    note: (key, value) => before(key, value, NOTE_MS),
  }
}
