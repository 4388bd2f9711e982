import type { OrderFigures } from '@lepton/contracts/figures'

/** What a rate is counted over. */
const RATE_S = 10
const DURATIONS_MS = 300_000
const MAX_DURATIONS = 5_000
const MAX_OPEN = 100_000
const MAX_KNOWN = 50_000

/** An event of the log, as far as figures need it. */
export interface LoggedEvent {
  event_id: string
  type: string
  key: string
  atMs: number
  /** Of events about money. */
  amount_minor: number | undefined
}

export interface OrderTally {
  add(event: LoggedEvent): void
  /** Of the last 10 s; cheap enough to ask for at each event. */
  acceptedPerS(nowMs: number): number
  figures(nowMs: number): OrderFigures
}

/** Counts orders by their events. What the log has twice is counted once, unless the twin is 50 000 events away. */
export function createOrderTally(): OrderTally {
  const known = new Set<string>()
  const open = new Map<string, number>()
  let [accepted, completed, undone, captured, refunded] = [0, 0, 0, 0, 0]
  /** Orders accepted, by the second. */
  const recent = new Map<number, number>()
  let durations: { atMs: number; ms: number }[] = []

  function end(key: string, atMs: number, isCompleted: boolean): void {
    const placedAtMs = open.get(key)
    if (placedAtMs !== undefined && isCompleted) durations.push({ atMs, ms: atMs - placedAtMs })
    open.delete(key)
  }

  function countRecent(second: number): void {
    const count = recent.get(second)
    if (count === undefined) keep(recent, 2 * RATE_S).set(second, 1)
    else recent.set(second, count + 1)
  }

  function acceptedPerS(nowMs: number): number {
    const now = Math.floor(nowMs / 1_000)
    let sum = 0
    for (const [second, count] of recent) if (second > now - RATE_S && second <= now) sum += count
    return sum / RATE_S
  }

  function take({ type, key, atMs, amount_minor = 0 }: LoggedEvent): void {
    switch (type) {
      case 'order.placed.v1':
        accepted += 1
        countRecent(Math.floor(atMs / 1_000))
        keep(open, MAX_OPEN).set(key, atMs)
        break
      case 'order.completed.v1':
        completed += 1
        end(key, atMs, true)
        break
      case 'order.closed.v1':
        undone += 1
        end(key, atMs, false)
        break
      case 'payment.captured.v1':
        captured += amount_minor
        break
      case 'payment.refunded.v1':
        refunded += amount_minor
    }
  }

  return {
    add(event) {
      if (known.has(event.event_id)) return
      keep(known, MAX_KNOWN).add(event.event_id)
      take(event)
    },

    acceptedPerS,

    figures(nowMs) {
      durations = durations.filter(({ atMs }) => atMs > nowMs - DURATIONS_MS).slice(-MAX_DURATIONS)
      const sorted = durations.map(({ ms }) => ms).sort((a, b) => a - b)
      const at = (share: number) =>
        sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
      return {
        accepted,
        completed,
        undone,
        in_flight: open.size,
        accepted_per_s: acceptedPerS(nowMs),
        completed_p50_ms: at(0.5),
        completed_p99_ms: at(0.99),
        captured_minor: captured,
        refunded_minor: refunded,
      }
    },
  }
}

interface Keyed {
  readonly size: number
  keys(): Iterator<unknown>
  delete(key: never): boolean
}

/** Lets the oldest go where there is no room for one more. */
function keep<C extends Keyed>(collection: C, most: number): C {
  if (collection.size >= most) collection.delete(collection.keys().next().value as never)
  return collection
}

export const UNKNOWN_ORDERS: OrderFigures = {
  accepted: null,
  completed: null,
  undone: null,
  in_flight: null,
  accepted_per_s: null,
  completed_p50_ms: null,
  completed_p99_ms: null,
  captured_minor: null,
  refunded_minor: null,
}
