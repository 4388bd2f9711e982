import { DATABASE_OWNERS, type DatabaseOwner } from '@lepton/setup/services'
import type { Facts } from '../invariants/facts.ts'
import type { InjectedFault } from '../nemesis/nemesis.ts'

/** Events of this long after a kill are looked at: what was under way, and what the dead process should have taken. */
const WINDOW_MS = 4_000
const LEAD_MS = 300

interface Takeover {
  /** The longest that an event of the time waited between its commit and Kafka. */
  publishedMs: number
  /** The longest that a record of the time waited between Kafka and its effect. */
  appliedMs: number
}

export interface Waits {
  around(fault: InjectedFault): Takeover | undefined
}

/** How long events waited around each kill: until another process, or the same again, took the work over. */
export function createWaits({ archives, inboxes, log }: Facts): Waits {
  const sentAt = new Map<string, number>()
  for (const { event_id, timestamp_ms, isPoison } of log) {
    if (event_id === null || isPoison) continue
    sentAt.set(event_id, Math.min(sentAt.get(event_id) ?? Infinity, timestamp_ms))
  }

  function around({ title, beganAtMs }: InjectedFault): Takeover | undefined {
    if (!title.startsWith('SIGKILL ')) return undefined
    const owners = ownersOf(title)
    if (owners.length === 0) return undefined
    const isThen = (ms: number) => ms > beganAtMs - LEAD_MS && ms < beganAtMs + WINDOW_MS
    const waits = { publishedMs: 0, appliedMs: 0 }
    for (const owner of owners) {
      for (const { event_id, created_ms } of archives[owner]) {
        if (!isThen(created_ms)) continue
        waits.publishedMs = Math.max(waits.publishedMs, (sentAt.get(event_id) ?? created_ms) - created_ms)
      }
      for (const { event_id, at_ms } of inboxes[owner]) {
        const sent = sentAt.get(event_id)
        if (sent !== undefined && isThen(sent)) waits.appliedMs = Math.max(waits.appliedMs, at_ms - sent)
      }
    }
    return waits
  }

  return { around }
}

/** Everybody waits for a server, a service's own events for its instance. */
function ownersOf(title: string): readonly DatabaseOwner[] {
  const name = title.slice('SIGKILL '.length)
  if (name === 'kafka' || name === 'postgres') return DATABASE_OWNERS
  return DATABASE_OWNERS.filter((owner) => name.startsWith(`${owner}-`))
}
