import type { InstanceState, InstanceView } from '@lepton/contracts/figures'
import type { RunningShop } from '@lepton/contracts/control'

/** `order-10` after `order-9`. */
export const byNumber = new Intl.Collator('en', { numeric: true })
/** How long what has gone is still shown. */
const GONE_MS = 600_000

type Process = Pick<RunningShop['instances'][number], 'status' | 'pid' | 'restarts'>

/** What three sides say of an instance: the registry, the launcher, and the instance itself. */
export interface Sight {
  name: string
  service: string
  registry: 'verified' | 'warning' | 'unverified' | undefined
  process: Process | undefined
  /** Whether it answered the last time it was asked; undefined where it was not asked yet. */
  answered: boolean | undefined
}

export interface Seen extends Pick<InstanceView, 'name' | 'service' | 'state' | 'since' | 'because'> {
  process: Process | null
}

/** The state of an instance, and why it is not another. */
export function stateOf({ registry, process, answered }: Sight): {
  state: InstanceState
  because: string | null
} {
  if (process?.status === 'paused') return { state: 'failing', because: 'is paused' }
  const isRunning = process === undefined || process.status === 'ready'
  if (!isRunning) return { state: 'failing', because: PROCESS[process.status] ?? `is ${process.status}` }
  if (registry === undefined && process === undefined) return { state: 'gone', because: 'left the registry' }
  if (answered === undefined) return { state: 'warning', because: UNASKED }
  if (!answered) return { state: 'failing', because: 'does not answer within 500 ms' }
  if (registry === undefined) return { state: 'warning', because: 'is not in the registry' }
  if (registry === 'warning') return { state: 'warning', because: 'its own check warns' }
  if (registry === 'unverified')
    return { state: 'warning', because: 'the registry does not name it any more' }
  return { state: 'passing', because: null }
}

const UNASKED = 'was not asked yet'
const PROCESS: Record<string, string> = {
  starting: 'is starting',
  backing_off: 'has ended and is started again',
  stopping: 'is stopping',
  stopped: 'is stopped',
  failed: 'was given up: it ends whenever it is started',
}

/** In words, for those who look back; undefined where there is nothing to say. */
export function whatHappened(seen: Seen, before: Seen | undefined): string | undefined {
  if (seen.because === UNASKED) return undefined
  if (seen.because !== null) return seen.because
  if (before === undefined || before.because === UNASKED) return 'answers'
  const isRestarted = (seen.process?.restarts ?? 0) > (before.process?.restarts ?? 0)
  return isRestarted ? 'ended and was started again' : 'answers again'
}

export interface Fleet {
  /** Takes what is seen now. Instances that are not seen any more are gone, and forgotten after ten minutes. */
  see(sights: readonly Sight[], now: Date): void
  all(): readonly Seen[]
  /**
   * Instances of a service that ought to run: those of the launcher. Without one, those that the registry names, since who
   * left it was replaced or taken away; one where all of them left.
   */
  expected(service: string, hasLauncher: boolean): number
}

export function createFleet(onChange: (seen: Seen, before: Seen | undefined) => void): Fleet {
  const instances = new Map<string, Seen>()

  function put(sight: Sight, now: Date): void {
    const before = instances.get(sight.name)
    const { state, because } = stateOf(sight)
    const restarts = sight.process?.restarts ?? 0
    const isRestarted = restarts > (before?.process?.restarts ?? restarts)
    const isSame = before?.state === state && !isRestarted
    const seen: Seen = {
      name: sight.name,
      service: sight.service,
      state,
      because,
      since: isSame ? before.since : now.toISOString(),
      process: sight.process ?? null,
    }
    instances.set(sight.name, seen)
    if (!isSame) onChange(seen, before)
  }

  return {
    see(sights, now) {
      const names = new Set(sights.map(({ name }) => name))
      for (const sight of sights) put(sight, now)
      for (const [name, { service, state, since }] of instances) {
        if (names.has(name)) continue
        if (state === 'gone' && now.getTime() - Date.parse(since) > GONE_MS) instances.delete(name)
        else put({ name, service, registry: undefined, process: undefined, answered: false }, now)
      }
    },
    all: () => [...instances.values()].sort((a, b) => byNumber.compare(a.name, b.name)),
    expected: (service, hasLauncher) => {
      const own = [...instances.values()].filter((one) => one.service === service)
      if (hasLauncher) return own.filter(({ process }) => process !== null).length
      return Math.max(own.filter(({ state }) => state !== 'gone').length, Math.min(1, own.length))
    },
  }
}
