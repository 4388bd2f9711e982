import type { Snapshot } from '@lepton/common/http/snapshot'
import { PUBLISHERS } from '@lepton/contracts/services'
import type { OutboxView, Station, StreamView } from '@lepton/contracts/streams'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { ServiceView } from '@lepton/contracts/figures'
import { createIncreases, type Increases } from '../increases.ts'
import { type Seeing, snapshotsOf } from '../seeing.ts'
import { clearsInS } from '../streams/lag-history.ts'
import type { StreamWatch } from '../streams/stream-watch.ts'
import { stationOf, transportMsOf, type Work } from './station.ts'

const WINDOW_MS = 60_000
/** Short enough to see what a reader can do when it catches up. */
const BURST_MS = 5_000
const LEAST_BURST_PER_S = 2
const LONG_MS = 300_000
/** Lags of the last minute, for their mean. */
const KEPT = 30

export interface QueueViews {
  stations: Station[]
  streams: StreamView[]
  outboxes: OutboxView[]
}

/** Every consumer and every outbox, from what instances have counted since they began and what the broker says. */
export function createQueueWatch(broker: Pick<StreamWatch, 'of'>, increases = createIncreases()) {
  const lengths = new Map<string, number[]>()
  const best = new Map<string, number>()
  const transports = new Map<string, number>()
  let latest: QueueViews = { stations: [], streams: [], outboxes: [] }

  function consumerOf(service: string, topic: string, snapshots: readonly Snapshot[]) {
    const lag = broker.of(service, topic)
    const consuming = snapshots.flatMap((one) =>
      one.consumed.filter((part) => part.topic === topic).map((part) => ({ ...part, boot: one.boot_id })),
    )
    const rate = (name: string, of: (part: (typeof consuming)[number]) => number, windowMs = WINDOW_MS) =>
      addUp(consuming.map((part) => increases.rate(`${name} ${topic} ${part.boot}`, of(part), windowMs)))
    const over = (name: string, of: (part: (typeof consuming)[number]) => number) =>
      consuming.length === 0
        ? null
        : consuming.reduce(
            (sum, part) => sum + increases.over(`${name} ${topic} ${part.boot}`, of(part), LONG_MS),
            0,
          )
    const [recordsPerS, busy] = [rate('aged', ({ aged }) => aged), rate('busy', ({ busy_s }) => busy_s)]
    const key = `${service} ${topic}`
    const burst = rate('burst', ({ aged }) => aged, BURST_MS)
    const burstBusy = rate('burst busy', ({ busy_s }) => busy_s, BURST_MS)
    if (burst > LEAST_BURST_PER_S && burstBusy > 0)
      best.set(key, Math.max(best.get(key) ?? 0, burst / burstBusy))
    const work: Work = {
      service,
      topic,
      arrivalsPerS: lag?.appendedPerS ?? null,
      recordsPerS,
      busy,
      transactionsPerS: rate('transactions', ({ transactions }) => transactions),
      ageS: rate('age', ({ age_s }) => age_s),
      servers: snapshots.length,
      backlog: lag?.records ?? null,
      length: meanLength(key, lag?.records),
      bestPerServer: best.get(key) ?? 0,
      transportMs: transports.get(key) ?? null,
    }
    work.transportMs = transportMsOf(work)
    if (work.transportMs !== null) transports.set(key, work.transportMs)
    return {
      work,
      stream: {
        service,
        topic,
        lag_records: lag?.records ?? null,
        lag_s: lag?.seconds ?? null,
        appended_per_s: lag?.appendedPerS ?? null,
        consumed_per_s: lag?.consumedPerS ?? null,
        trend_per_s: lag?.trendPerS ?? null,
        clear_in_s: lag === undefined ? null : clearsInS(lag.records, lag.appendedPerS, lag.consumedPerS),
        repeated: over('repeated', ({ repeated }) => repeated),
        blocked: over('blocked', ({ blocked }) => blocked),
        partitions: lag?.partitions ?? [],
      },
    }
  }

  function meanLength(key: string, records: number | undefined): number | null {
    if (records === undefined) return null
    const kept = [...(lengths.get(key) ?? []), records].slice(-KEPT)
    lengths.set(key, kept)
    return kept.reduce((sum, one) => sum + one, 0) / kept.length
  }

  return {
    latest: () => latest,
    look(seeing: Seeing): void {
      const viewOf = (name: string) => seeing.services.find(({ service }) => service === name)
      const snapshots = (name: string) => snapshotsOf(viewOf(name) ?? { instances: [] }, seeing)
      const consumers = Object.entries(SUBSCRIPTIONS).flatMap(([service, topics]) =>
        topics.map((topic) => consumerOf(service, topic, snapshots(service))),
      )
      latest = {
        stations: consumers.map(({ work }) => stationOf(work)),
        streams: consumers.map(({ stream }) => stream),
        outboxes: PUBLISHERS.map((service) =>
          outboxOf(service, viewOf(service), snapshots(service), increases),
        ),
      }
    },
  }
}

function outboxOf(
  service: string,
  view: ServiceView | undefined,
  snapshots: readonly Snapshot[],
  increases: Increases,
): OutboxView {
  const relays = snapshots.flatMap(({ relay, boot_id, instance }) => relay && { ...relay, boot_id, instance })
  const known = relays.filter((relay) => relay !== null)
  const published = addUp(
    known.map((one) => increases.rate(`published ${one.boot_id}`, one.published, WINDOW_MS)),
  )
  const took = addUp(known.map((one) => increases.rate(`took ${one.boot_id}`, one.publish_s, WINDOW_MS)))
  return {
    service,
    pending: view?.figures.outbox_pending ?? null,
    oldest_s: view?.figures.outbox_oldest_s ?? null,
    publish_ms: published > 0 ? (took / published) * 1_000 : null,
    published_per_s: known.length === 0 ? null : published,
    shards: known.map(({ instance, shards }) => ({ instance, held: shards })),
  }
}

const addUp = (rates: readonly (number | null)[]) => rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0)
