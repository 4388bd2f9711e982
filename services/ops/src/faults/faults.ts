import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import type { RunningShop } from '@lepton/contracts/control'
import type { Fault, Faults as View, FaultKind } from '@lepton/contracts/faults'
import { refuse } from '@lepton/shop/refuse'
import type { Actions, By } from '../actions.ts'
import { catalogueOf, processesOf } from './catalogue.ts'
import { type Begun, endedView, strangersIn, viewOf } from './fault-view.ts'

const KILL_EVERY_MS = 5_000
/** More at once is no experiment any more. */
const MAX_FAULTS = 10
export interface Wish extends By {
  kind: FaultKind
  target: string
  for_s: number
}

export interface Faults extends Part {
  view(): Pick<View, 'is_known' | 'items' | 'catalogue'>
  /** Answers when it is seen. */
  start(wish: Wish): Promise<Fault>
  end(id: string, by: By): Promise<Fault>
  endAll(by: By): Promise<number>
}

type Acts = Pick<Actions, 'strike' | 'resume' | 'requireRunning'>

/**
 * What is broken on purpose. The launcher ends each pause, whatever becomes of this process; killing again and again ends
 * with it. What is shown comes from the launcher, so that a fault is in effect only where it is seen.
 */
export function createFaults({
  actions,
  running,
  log,
  now = Date.now,
  killEveryMs = KILL_EVERY_MS,
}: {
  actions: Acts
  running: () => RunningShop | undefined
  log: Log
  now?: () => number
  killEveryMs?: number
}): Faults {
  const begun = new Map<string, Begun>()

  function forgetEnded(): void {
    for (const [id, { endsAtMs, timer }] of begun) {
      if (endsAtMs > now()) continue
      clearInterval(timer)
      begun.delete(id)
    }
  }

  async function kill(fault: Begun, by: By): Promise<void> {
    const name = fault.processes[fault.kills % fault.processes.length]!
    await actions.strike('kill', name, 0, by)
    fault.kills += 1
  }

  async function begin(fault: Begun, by: By, seconds: number): Promise<void> {
    if (fault.kind !== 'kill_again') {
      await Promise.all(fault.processes.map((name) => actions.strike('pause', name, seconds, by)))
      return
    }
    await kill(fault, by)
    fault.timer = setInterval(() => {
      forgetEnded()
      if (!begun.has(fault.id)) return
      kill(fault, by).catch((error: unknown) =>
        log.info({ err: error, target: fault.target }, 'there was nothing to kill this time'),
      )
    }, killEveryMs)
  }

  async function finish(fault: Begun, by: By): Promise<void> {
    clearInterval(fault.timer)
    begun.delete(fault.id)
    if (fault.kind === 'kill_again') return
    await Promise.all(fault.processes.map((name) => actions.resume(name, by)))
  }

  const strangers = () =>
    strangersIn(running(), new Set([...begun.values()].flatMap(({ processes }) => processes)))

  return {
    view() {
      forgetEnded()
      const shop = running()
      return {
        is_known: shop !== undefined,
        items: [...[...begun.values()].map((fault) => viewOf(fault, shop)), ...strangers()],
        catalogue: catalogueOf(shop),
      }
    },

    async start({ kind, target, for_s, ...by }) {
      forgetEnded()
      const processes = processesOf(await actions.requireRunning(), kind, target)
      if (processes.length === 0)
        throw refuse('not-found', `There is no ${target} that this could be done to.`)
      const busy = [...begun.values()].find((one) => one.processes.some((name) => processes.includes(name)))
      if (busy !== undefined) throw refuse('request-in-progress', `${busy.id} has not ended yet.`)
      if (begun.size >= MAX_FAULTS)
        throw refuse('request-in-progress', `There are ${MAX_FAULTS} faults already.`)
      const id = `${kind.replaceAll('_', '-')}-${target}`
      const startedAtMs = now()
      const endsAtMs = startedAtMs + for_s * 1_000
      const fault: Begun = {
        id,
        kind,
        target,
        ...by,
        startedAtMs,
        endsAtMs,
        processes,
        kills: 0,
        timer: undefined,
      }
      begun.set(id, fault)
      try {
        await begin(fault, by, for_s)
      } catch (error) {
        // What was paused before the failure ends by itself.
        begun.delete(id)
        throw error
      }
      return viewOf(fault, running())
    },

    async end(id, by) {
      const fault = begun.get(id)
      const other = strangers().find((one) => one.id === id)
      if (fault === undefined && other === undefined) throw refuse('not-found', `There is no fault ${id}.`)
      if (fault === undefined) await actions.resume(other!.target, by)
      else await finish(fault, by)
      return endedView(fault === undefined ? other! : viewOf(fault, running()))
    },

    async endAll(by) {
      forgetEnded()
      const [own, others] = [[...begun.values()], strangers()]
      await Promise.all([
        ...own.map((fault) => finish(fault, by)),
        ...others.map(({ target }) => actions.resume(target, by)),
      ])
      return own.length + others.length
    },

    stop: () => {
      for (const { timer } of begun.values()) clearInterval(timer)
      return Promise.resolve()
    },
  }
}
