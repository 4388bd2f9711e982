import type { PendingEvent } from './outbox.ts'

/** Events that wait in memory, at most: what comes beyond them is read from the outbox. */
const MAX_EVENTS = 1_000
/** An event that waits longer, as while the broker is away, is read from the outbox: events that were put back go first. */
const MAX_AGE_MS = 100

/** Committed events that are sent from memory, in the order of their commits. */
export interface Lane {
  /**
   * Takes events of one commit, in their order. They are too old at the same time: where an earlier one of a key was dropped, a
   * later one must not be sent.
   *
   * @returns how many of them, from the first on: the others have no place
   */
  add(events: readonly PendingEvent[]): number
  /** The next ones, at most so many and so large together; at least one where there is one that has not waited too long. */
  take(limits: { events: number; bytes: number }): PendingEvent[]
  /** Forgets those that are sent otherwise; without a list, all. */
  forget(events?: readonly PendingEvent[]): void
  size(): number
}

export function createLane(nowMs = () => performance.now()): Lane {
  let queue: { event: PendingEvent; addedAtMs: number }[] = []
  return {
    add: (events) => {
      const addedAtMs = nowMs()
      const taken = events.slice(0, MAX_EVENTS - queue.length)
      for (const event of taken) queue.push({ event, addedAtMs })
      return taken.length
    },
    take: ({ events, bytes }) => {
      const oldestMs = nowMs() - MAX_AGE_MS
      const young = queue.findIndex(({ addedAtMs }) => addedAtMs >= oldestMs)
      queue.splice(0, young === -1 ? queue.length : young)
      const next = queue.slice(0, events).map(({ event }) => event)
      return queue.splice(0, countWithin(next, bytes)).map(({ event }) => event)
    },
    forget: (events) => {
      if (queue.length === 0) return
      const ids = events && new Set(events.map(({ id }) => id))
      queue = ids === undefined ? [] : queue.filter(({ event }) => !ids.has(event.id))
    },
    size: () => queue.length,
  }
}

/** A record's headers and its place in a batch. */
const OVERHEAD_BYTES = 512

/** How many of the first events have so many bytes together: at least one. */
export function countWithin(events: readonly PendingEvent[], maxBytes: number): number {
  let bytes = 0
  const end = events.findIndex(
    ({ payload }) => (bytes += Buffer.byteLength(payload) + OVERHEAD_BYTES) > maxBytes,
  )
  return end === -1 ? events.length : Math.max(1, end)
}
