import { type DatabaseOwner, ofEachOwner } from '@lepton/setup/services'
import type { Facts } from '../invariants/facts.ts'

/** From one instant to another, in milliseconds of the machine's clock. */
export interface Span {
  fromMs: number
  untilMs: number
}

export interface Ways {
  /** Of each service's own events, from their transaction to Kafka. */
  published: Readonly<Record<DatabaseOwner, readonly Span[]>>
  /** Of the events that each service takes in, from Kafka to the transaction of their effect. */
  applied: Readonly<Record<DatabaseOwner, readonly Span[]>>
}

/** How long each event was on its way. What never arrived has no way: invariants look for that. */
export function waysOf({ archives, inboxes, log }: Pick<Facts, 'archives' | 'inboxes' | 'log'>): Ways {
  const sentAt = new Map<string, number>()
  for (const { event_id, timestamp_ms, isPoison } of log) {
    if (event_id === null || isPoison) continue
    sentAt.set(event_id, Math.min(sentAt.get(event_id) ?? Infinity, timestamp_ms))
  }
  return {
    published: ofEachOwner((owner) =>
      archives[owner].flatMap(({ event_id, created_ms }) => {
        const sent = sentAt.get(event_id)
        return sent === undefined ? [] : [{ fromMs: created_ms, untilMs: sent }]
      }),
    ),
    applied: ofEachOwner((owner) =>
      inboxes[owner].flatMap(({ event_id, at_ms }) => {
        const sent = sentAt.get(event_id)
        return sent === undefined ? [] : [{ fromMs: sent, untilMs: at_ms }]
      }),
    ),
  }
}

/** The longest of the ways that began in the time. */
export function longestMs(ways: readonly Span[], { fromMs, untilMs }: Span): number {
  const lengths = ways
    .filter((way) => way.fromMs > fromMs && way.fromMs < untilMs)
    .map((way) => way.untilMs - way.fromMs)
  return lengths.reduce((longest, length) => Math.max(longest, length), 0)
}

/** When what happens all the time happened again: the end of the longest pause in the time, if it ended. */
export function resumedAtMs(instants: readonly number[], { fromMs, untilMs }: Span): number {
  let lastMs = fromMs
  let longest = 0
  let resumed = Infinity
  for (const ms of instants.filter((ms) => ms > fromMs && ms < untilMs).sort((a, b) => a - b)) {
    if (ms - lastMs > longest) {
      longest = ms - lastMs
      resumed = ms
    }
    lastMs = ms
  }
  return untilMs - lastMs > longest ? Infinity : resumed
}

/** The longest pause, of what happens all the time, that fell into the time or touched it. */
export function longestPauseMs(instants: readonly number[], { fromMs, untilMs }: Span): number {
  const sorted = instants.toSorted((a, b) => a - b)
  const before = sorted.findLast((ms) => ms <= fromMs) ?? fromMs
  const after = sorted.find((ms) => ms >= untilMs) ?? untilMs
  const all = [before, ...sorted.filter((ms) => ms > fromMs && ms < untilMs), after]
  return Math.max(...all.slice(1).map((ms, index) => ms - all[index]!))
}
