import type { RunningShop } from '@lepton/contracts/control'
import type { Fault, FaultKind } from '@lepton/contracts/faults'
import { pausedIn } from './catalogue.ts'

/** What this process has begun, and not ended. */
export interface Begun {
  id: string
  kind: FaultKind
  target: string
  who: string
  reason: string
  startedAtMs: number
  endsAtMs: number
  processes: string[]
  kills: number
  timer: NodeJS.Timeout | undefined
}

/** With what is seen of it now. */
export function viewOf(fault: Begun, shop: RunningShop | undefined): Fault {
  const { id, kind, target, who, reason, startedAtMs, endsAtMs, processes, kills } = fault
  const paused = pausedIn(shop)
  return {
    ...{ id, kind, target, who, reason },
    started_at: new Date(startedAtMs).toISOString(),
    ends_at: new Date(endsAtMs).toISOString(),
    processes: processes.map((name) => ({
      name,
      in_effect: kind === 'kill_again' ? kills > 0 : paused.some((one) => one.name === name),
    })),
    kills: kind === 'kill_again' ? kills : null,
  }
}

/** Paused by others, or by an ops process before this one. */
export function strangersIn(shop: RunningShop | undefined, known: ReadonlySet<string>): Fault[] {
  return pausedIn(shop)
    .filter(({ name }) => !known.has(name))
    .map(({ name, resumes_at }) => ({
      ...{ id: `pause-${name}`, kind: 'pause', target: name, who: null, reason: null, started_at: null },
      ends_at: resumes_at,
      processes: [{ name, in_effect: true }],
      kills: null,
    }))
}

export function endedView(fault: Fault): Fault {
  return { ...fault, processes: fault.processes.map(({ name }) => ({ name, in_effect: false })) }
}
