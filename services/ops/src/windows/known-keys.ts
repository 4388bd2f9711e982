/** How long (ms of event time) after a key's last event a repetition of it is still recognised. */
const LATE_MS = 3_600_000
/** Of one partition. Where it has more, the oldest go, and what is older than they are is too late. */
const MAX_KEYS = 10_000

export type Judgement = 'first' | 'repeated' | 'too_late'

/** What was read of a partition: as much as it takes to count nothing twice. */
export interface KnownKeys {
  judge(event: { key: string; sequence: number; atMs: number }): Judgement
}

/**
 * Tells events that come for the first time from those that come again.
 *
 * The first occurrences of a key's events are in their order, so the last sequence of a key is all there is to
 * remember. Keys are forgotten by event time, and an event of an unknown key that is older than what was forgotten is
 * not counted: it might be one of theirs.
 */
export function createKnownKeys({ lateMs = LATE_MS, maxKeys = MAX_KEYS } = {}): KnownKeys {
  /** In the order of their last event. */
  const last = new Map<string, { sequence: number; atMs: number }>()
  let newestMs = 0
  let floorMs = 0

  function forget(): void {
    for (const [key, { atMs }] of last) {
      if (last.size <= maxKeys && atMs >= newestMs - lateMs) return
      last.delete(key)
      floorMs = Math.max(floorMs, atMs)
    }
  }

  return {
    judge({ key, sequence, atMs }) {
      const known = last.get(key)
      if (known !== undefined && sequence <= known.sequence) return 'repeated'
      if (known === undefined && atMs <= floorMs) return 'too_late'
      newestMs = Math.max(newestMs, atMs)
      last.delete(key)
      last.set(key, { sequence, atMs: Math.max(atMs, known?.atMs ?? 0) })
      forget()
      return 'first'
    },
  }
}
