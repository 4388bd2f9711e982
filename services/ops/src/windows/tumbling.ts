import type { Window } from '@lepton/contracts/windows'

export type Counts = Omit<Window, 'from' | 'in_flight_minor'> & {
  /** How the money in flight changes in the window. */
  in_flight_change: number
}

/** Windows of one width, one behind the other; those that are too old become part of the sum before them. */
export interface Tumbling {
  /** The counts of an instant; where its window is gone, those of all that is gone. */
  at(atMs: number): Counts
  /** Oldest first, also those in which nothing happened, up to and including that of `nowMs`. */
  list(nowMs: number, limit: number): Window[]
}

export function createTumbling(widthMs: number, kept: number): Tumbling {
  const windows = new Map<number, Counts>()
  const gone = nothing()
  let newest = 0

  function drop(): void {
    if (windows.size <= kept) return
    for (const [start, { in_flight_change }] of [...windows].sort(([a], [b]) => a - b)) {
      if (start > newest - kept) return
      gone.in_flight_change += in_flight_change
      windows.delete(start)
    }
  }

  return {
    at(atMs) {
      const start = Math.floor(atMs / widthMs)
      const known = windows.get(start)
      if (known !== undefined) return known
      if (start <= newest - kept) return gone
      newest = Math.max(newest, start)
      const counts = nothing()
      windows.set(start, counts)
      drop()
      return counts
    },

    list(nowMs, limit) {
      if (windows.size === 0) return []
      const last = Math.max(newest, Math.floor(nowMs / widthMs))
      const first = Math.max(last - Math.min(limit, kept) + 1, Math.min(...windows.keys()))
      let inFlight = gone.in_flight_change
      for (const [start, { in_flight_change }] of windows) if (start < first) inFlight += in_flight_change
      return Array.from({ length: last - first + 1 }, (_, index) => {
        const { in_flight_change, ...counts } = windows.get(first + index) ?? nothing()
        inFlight += in_flight_change
        return {
          from: new Date((first + index) * widthMs).toISOString(),
          ...counts,
          cancelled: { ...counts.cancelled },
          in_flight_minor: inFlight,
        }
      })
    },
  }
}

function nothing(): Counts {
  return { orders: 0, revenue_minor: 0, refunded_minor: 0, cancelled: {}, in_flight_change: 0 }
}
