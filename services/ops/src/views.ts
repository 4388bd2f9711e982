import type { InstanceView, ServiceView } from '@lepton/contracts/figures'
import type { Overview, Pulse } from '@lepton/contracts/console'
import type { RunningShop } from '@lepton/contracts/control'
import { ALL_SERVICES } from '@lepton/contracts/services'
import type { Snapshot } from '@lepton/common/http/snapshot'
import { type Answered, addUp, NO_FIGURES, ratesOf } from './figures.ts'
import type { Seen } from './fleet.ts'
import type { Observer } from './observer.ts'

/** What does not answer now has no figures: those of a moment ago would look as if it did. */
const answers = ({ state }: Pick<Seen, 'state'>) => state === 'passing' || state === 'warning'

type Seeing = Pick<Observer, 'fleet' | 'sampler' | 'running'>

/** An instance with what it did in the last two seconds. */
export function instanceView(
  { name, service, state, since, because, process }: Seen,
  see: Seeing,
): InstanceView {
  const sample = see.sampler.of(name)
  const snapshot = answers({ state }) ? sample?.snapshot : undefined
  return {
    name,
    service,
    state,
    since,
    because,
    started_at: snapshot?.started_at ?? null,
    process: process && { status: process.status, pid: process.pid, restarts: process.restarts },
    figures:
      snapshot === undefined
        ? NO_FIGURES
        : {
            ...ratesOf(sample?.answered),
            cpu_share: snapshot.cpu_share,
            loop_share: snapshot.loop_share,
            rss_bytes: snapshot.rss_bytes,
          },
  }
}

export function serviceViews(see: Seeing): ServiceView[] {
  return ALL_SERVICES.map((service) => {
    const seen = see.fleet.all().filter((one) => one.service === service)
    const samples = seen.filter(answers).flatMap(({ name }) => see.sampler.of(name) ?? [])
    const snapshots = samples.flatMap(({ snapshot }) => snapshot ?? [])
    const answered = samples.flatMap((sample): Answered[] => (sample.answered ? [sample.answered] : []))
    return {
      service,
      expected: see.fleet.expected(service, see.running() !== undefined),
      instances: seen.map((one) => instanceView(one, see)),
      figures: { ...ratesOf(addUp(answered)), ...storeFigures(snapshots) },
    }
  })
}

/** Each instance says the same of the database that they share: the first that can say it is believed. */
function storeFigures(snapshots: readonly Snapshot[]) {
  const outbox = snapshots.find((one) => one.outbox !== null)?.outbox
  const lags = snapshots.flatMap(({ lag_records }) => lag_records ?? [])
  const isConsuming = snapshots.some(({ lag_records }) => lag_records !== null)
  return {
    lag_records: isConsuming ? lags.reduce((sum, { records }) => sum + records, 0) : null,
    outbox_pending: outbox?.pending ?? null,
    outbox_oldest_s: outbox?.oldest_s ?? null,
    dead_letters: snapshots.find((one) => one.dead_letters !== null)?.dead_letters ?? null,
  }
}

export function serverViews(running: RunningShop | undefined): Overview['servers'] {
  return (
    running?.servers.map(({ name, title, status, restarts }) => ({ name, title, status, restarts })) ?? null
  )
}

/** Starts again that the launcher counted; null where there is none to count. */
export function killsOf(running: RunningShop | undefined): number | null {
  if (running === undefined) return null
  return [...running.instances, ...running.servers].reduce((sum, { restarts }) => sum + restarts, 0)
}

/** The topology without what only operators may know. */
export function pulseServices(services: readonly ServiceView[]): Pulse['services'] {
  return services.map(({ service, expected, instances }) => ({
    service,
    expected,
    instances: instances.map(({ name, state, since }) => ({ name, state, since })),
  }))
}

/** Services that give no figures now, although some instance of theirs should. */
export function silentOf(services: readonly ServiceView[]): Overview['incomplete'] {
  return services
    .filter(({ service, instances }) => {
      const isAnswering = instances.some(answers)
      return service !== 'psp' && !isAnswering
    })
    .map(({ service }) => ({ service, problem: 'unavailable' }))
}
