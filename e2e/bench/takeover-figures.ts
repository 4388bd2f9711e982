import type { DatabaseOwner } from '@lepton/setup/services'
import { longestMs, resumedAtMs, type Span, type Ways } from '../chaos/collect/waits.ts'
import type { Asked } from './steady-orders.ts'

/** What began so shortly before a fault counts for it, and for nothing that was before. */
export const LEAD_MS = 1_000
/** Whose events an order is made of. Each relays its own, and consumes others'. */
export const BUSY = ['order', 'inventory', 'payment'] as const

/** `restarted`, `killed` and `silent` (SIGSTOP) are done to an instance; `none` says what is usual. */
export type FaultName = 'none' | 'restarted' | 'killed' | 'silent' | 'kafka' | 'postgres'

export interface Takeover {
  fault: FaultName
  /** The longest that an event of the time waited between its commit and Kafka. */
  publishedMs: number
  /** The longest that a record of the time waited between Kafka and its effect. */
  appliedMs: number
  /** From the fault until orders were accepted, and until every service's events reached Kafka and took effect, again. */
  acceptedAgainMs: number
  publishedAgainMs: number
  appliedAgainMs: number
  /** The longest that an order of the time took from its 202 to COMPLETED. */
  completedMs: number
  /** Requests of the time that were answered with anything but 202, or not at all. */
  refused: number
}

/** One fault, from its beginning until nothing is left of it. */
export interface Round {
  fault: FaultName
  atMs: number
  overAtMs: number
  /** Who must be taken over: of an instance its service, of a server everybody. */
  owners: readonly DatabaseOwner[]
}

/** What one fault cost, from the ways of all events and the answers to all requests. */
export function judge(
  { fault, atMs, overAtMs, owners }: Round,
  { published, applied }: Ways,
  asked: readonly Asked[],
  completedAt: ReadonlyMap<string, number>,
): Takeover {
  const span = { fromMs: atMs - LEAD_MS, untilMs: overAtMs }
  const then = asked.filter(({ askedAtMs }) => askedAtMs > span.fromMs && askedAtMs < span.untilMs)
  const accepted = then.filter(({ status }) => status === 202)
  const resumedMs = (ways: readonly Span[]) =>
    resumedAtMs(
      ways.map(({ untilMs }) => untilMs),
      span,
    ) - atMs
  return {
    fault,
    publishedMs: Math.max(...owners.map((owner) => longestMs(published[owner], span))),
    appliedMs: Math.max(...owners.map((owner) => longestMs(applied[owner], span))),
    acceptedAgainMs:
      resumedAtMs(
        accepted.map(({ answeredAtMs }) => answeredAtMs),
        span,
      ) - atMs,
    publishedAgainMs: Math.max(...BUSY.map((owner) => resumedMs(published[owner]))),
    appliedAgainMs: Math.max(...BUSY.map((owner) => resumedMs(applied[owner]))),
    completedMs: Math.max(
      ...accepted.map(
        ({ orderId, answeredAtMs }) => (completedAt.get(orderId ?? '') ?? Infinity) - answeredAtMs,
      ),
    ),
    refused: then.length - accepted.length,
  }
}
