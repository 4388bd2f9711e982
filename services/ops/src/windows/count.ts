import type { Window } from '@lepton/contracts/windows'
import { createKnownKeys, type KnownKeys } from './known-keys.ts'
import { type Counts, createTumbling, type Tumbling } from './tumbling.ts'

const MINUTES_KEPT = 1_440
const HOURS_KEPT = 168
/** Orders that have not ended; the oldest is forgotten where there are more. */
const MAX_OPEN = 100_000

export interface CountedEvent {
  topic: string
  partition: number
  key: string
  sequence: number
  type: string
  atMs: number
  amount_minor: number
  reason: string
}

export type Per = 'minute' | 'hour'

export interface WindowCounts {
  add(event: CountedEvent): void
  list(per: Per, nowMs: number, limit: number): Window[]
  tally(): { counted: number; repeated: number; too_late: number }
}

/** Counts events into the windows of their own time: late ones into theirs, repeated ones not at all. */
export function createWindowCounts(): WindowCounts {
  const known = new Map<string, KnownKeys>()
  const open = new Map<string, { amount: number; isCancelled: boolean }>()
  const widths: Record<Per, Tumbling> = {
    minute: createTumbling(60_000, MINUTES_KEPT),
    hour: createTumbling(3_600_000, HOURS_KEPT),
  }
  const tally = { counted: 0, repeated: 0, too_late: 0 }

  function keysOf({ topic, partition }: CountedEvent): KnownKeys {
    const name = `${topic} ${partition}`
    const keys = known.get(name) ?? createKnownKeys()
    known.set(name, keys)
    return keys
  }

  function inEach(atMs: number, change: (counts: Counts) => void): void {
    for (const windows of Object.values(widths)) change(windows.at(atMs))
  }

  function remember(key: string, order: { amount: number; isCancelled: boolean }): void {
    if (open.size >= MAX_OPEN) open.delete(open.keys().next().value!)
    open.set(key, order)
  }

  function place({ key, atMs, amount_minor }: CountedEvent): void {
    remember(key, { amount: amount_minor, isCancelled: false })
    inEach(atMs, (counts) => {
      counts.orders += 1
      counts.in_flight_change += amount_minor
    })
  }

  /** A decision may be published again for a participant that missed it: it is one cancellation. */
  function cancel({ key, atMs, reason }: CountedEvent): void {
    const order = open.get(key)
    if (order?.isCancelled === true) return
    // One that is refunded had ended, and will end once more.
    remember(key, { amount: order?.amount ?? 0, isCancelled: true })
    inEach(atMs, (counts) => {
      counts.cancelled[reason] = (counts.cancelled[reason] ?? 0) + 1
    })
  }

  /** A refunded order ends twice; its money was in flight until the first time. */
  function end({ key, atMs }: CountedEvent): void {
    const order = open.get(key)
    open.delete(key)
    if (order !== undefined) inEach(atMs, (counts) => (counts.in_flight_change -= order.amount))
  }

  function take(event: CountedEvent): void {
    const { type, atMs, amount_minor } = event
    switch (type) {
      case 'order.placed.v1':
        return place(event)
      case 'order.cancelled.v1':
        return cancel(event)
      case 'order.completed.v1':
      case 'order.closed.v1':
        return end(event)
      case 'payment.captured.v1':
        return inEach(atMs, (counts) => (counts.revenue_minor += amount_minor))
      case 'payment.refunded.v1':
        return inEach(atMs, (counts) => (counts.refunded_minor += amount_minor))
    }
  }

  return {
    add(event) {
      const judgement = keysOf(event).judge(event)
      tally[judgement === 'first' ? 'counted' : judgement] += 1
      if (judgement === 'first') take(event)
    },
    list: (per, nowMs, limit) => widths[per].list(nowMs, limit),
    tally: () => ({ ...tally }),
  }
}
