import { DATABASE_OWNERS, type DatabaseOwner } from '@lepton/setup/services'
import { longestMs, waysOf } from '../collect/waits.ts'
import type { Facts } from '../invariants/facts.ts'
import { needsMachines } from '../nemesis/fault.ts'
import type { InjectedFault } from '../nemesis/nemesis.ts'

/** Events of this long after a kill, or after a lost machine is back, are looked at: what was in flight, and what the dead process should have taken. */
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
export function createWaits(facts: Facts): Waits {
  const { published, applied } = waysOf(facts)

  function around(fault: InjectedFault): Takeover | undefined {
    const owners = ownersOf(fault)
    if (owners.length === 0) return undefined
    const { beganAtMs, endedAtMs = beganAtMs } = fault
    const lastMs = needsMachines(fault.kind) ? endedAtMs : beganAtMs
    const span = { fromMs: beganAtMs - LEAD_MS, untilMs: lastMs + WINDOW_MS }
    return {
      publishedMs: Math.max(...owners.map((owner) => longestMs(published[owner], span))),
      appliedMs: Math.max(...owners.map((owner) => longestMs(applied[owner], span))),
    }
  }

  return { around }
}

/** Everybody waits for a server, a service's own events for its instance. */
function ownersOf({ kind, title }: InjectedFault): readonly DatabaseOwner[] {
  if (needsMachines(kind)) return DATABASE_OWNERS
  if (!title.startsWith('SIGKILL ')) return []
  const name = title.slice('SIGKILL '.length)
  if (name === 'kafka' || name === 'postgres') return DATABASE_OWNERS
  return DATABASE_OWNERS.filter((owner) => name.startsWith(`${owner}-`))
}
