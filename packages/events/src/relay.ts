import { setTimeout as delay } from 'node:timers/promises'
import { doubledMs } from '@lepton/common/runtime/backoff'
import type pg from 'pg'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { madeAtMs } from '@lepton/common/runtime/id'
import type { Log } from '@lepton/common/runtime/log'
import { recordSpan } from '@lepton/common/runtime/span'
import { continueTrace } from '@lepton/common/runtime/trace'
import type { Metrics } from '@lepton/common/runtime/metrics'
import type { Database } from './postgres/database.ts'
import type { Broker } from './broker.ts'
import { countWithin, createLane, type Lane } from './lane.ts'
import { createLease, type Lease } from './lease.ts'
import { type Outbox, type PendingEvent, recordOf } from './outbox.ts'
import { readPending, RELAY_SESSION, removePending } from './pending.ts'
import { createWakeUp, type WakeUp } from './wake-up.ts'

export interface RelaySettings {
  batchSize?: number
  batchBytes?: number
  /** How often to look for what no signal came for: while events come and go, and while there were none of late. */
  lookEveryMs?: number
  idleLookEveryMs?: number
  maxBackoffMs?: number
}

/** Without an event for so long, a relay is idle. */
const IDLE_AFTER_MS = 10_000

/** Rows of acknowledged events are taken away together: as soon as there are so many, or after so long. */
const REMOVED_TOGETHER = 16
const REMOVE_AFTER_MS = 500
/** Younger events of other processes are on their way from there, or have been sent and wait to be taken away. */
const ON_THEIR_WAY_MS = 2 * REMOVE_AFTER_MS

/**
 * Publishes what is committed to the outbox, until it is stopped: what this process has committed straight from memory, and
 * what is left (by a crash, a fault, or because an earlier event of its key was not on the log yet) from the shards
 * that this process holds a lease on.
 *
 * A row leaves `outbox_pending` only after the broker acknowledged it. From memory goes only what has nothing of its key
 * before it that is not known to be on the log; rows of one key are read in id order. So the first occurrence of each event of a key is in commit
 * order on the log, however many relays, crashes and repeats there are. Consumers drop the repeats.
 */
export function startRelay(
  deps: { database: Database; broker: Broker; outbox: Outbox; log: Log; metrics: Metrics },
  settings: RelaySettings = {},
): { stop(): Promise<void> } {
  const { database, log } = deps
  const { maxBackoffMs = 2_000 } = settings
  let isStopped = false
  let connection: pg.Client | undefined
  const lease = createLease()
  measureBacklog(deps)
  const lane = createLane()
  const wakeUp = createWakeUp({ database, outbox: deps.outbox, lane, log, isMine: lease.holds })

  async function run(): Promise<void> {
    for (let failures = 0; !isStopped;) {
      try {
        connection = await database.connect('relay')
        await connection.query(RELAY_SESSION)
        await relayUntilStopped(connection, { lease, lane, wakeUp }, deps, settings, {
          isStopped: () => isStopped,
          onProgress: () => {
            failures = 0
          },
        })
        await lease.release(connection)
      } catch (error) {
        failures++
        if (!isStopped) log.warn({ err: error, failures }, 'relay failed, reconnecting')
      } finally {
        lease.forget()
        lane.forget()
        await connection
          ?.end()
          .catch((error: unknown) => log.debug({ err: error }, 'the relay connection was gone'))
        connection = undefined
      }
      if (!isStopped) await wakeUp.wait(doubledMs(failures, { baseMs: 100, maxMs: maxBackoffMs }))
    }
  }

  const running = run()
  return {
    stop: async () => {
      isStopped = true
      wakeUp.now()
      await running
      await wakeUp.close()
    },
  }
}

/** How much waits in the outbox, and for how long, asked at each scrape. */
function measureBacklog({
  database,
  metrics,
  log,
}: {
  database: Database
  metrics: Metrics
  log: Log
}): void {
  const age = metrics.gauge({
    name: 'outbox_oldest_age_seconds',
    help: 'Age of the oldest pending event',
  })
  metrics.gauge({
    name: 'outbox_pending_events',
    help: 'Pending events of all instances (counted up to 10 000)',
    collect: async (pending) => {
      try {
        const { rows } = await database.query<{ events: number; age_s: number }>(
          `select (select count(*)::int from (select from outbox_pending limit 10000) p) as events,
             coalesce(extract(epoch from now() - min(oldest.created_at)), 0)::float8 as age_s
           from generate_series(0, 15) shard(number)
             cross join lateral (select created_at from outbox_pending where shard = number order by id limit 1) oldest`,
        )
        pending.set(rows[0]!.events)
        age.set(rows[0]!.age_s)
      } catch (error) {
        // Not the figure of before: what is unknown must not look as if it were.
        pending.set(Number.NaN)
        age.set(Number.NaN)
        log.debug({ err: error }, 'the outbox cannot be measured while the database is away')
      }
    },
  })
}

async function relayUntilStopped(
  connection: pg.Client,
  { lease, lane, wakeUp }: { lease: Lease; lane: Lane; wakeUp: WakeUp },
  { broker, outbox, metrics, log }: { broker: Broker; outbox: Outbox; metrics: Metrics; log: Log },
  {
    batchSize = 500,
    batchBytes = 512 * 1024,
    lookEveryMs = 1_000,
    idleLookEveryMs = 5_000,
    maxBackoffMs = 2_000,
  }: RelaySettings,
  loop: { isStopped: () => boolean; onProgress: () => void },
): Promise<void> {
  const noteSent = sentMetrics(metrics)
  metrics.gauge({
    name: 'relay_shards_held',
    help: 'Shards of the outbox that this instance publishes, of 16',
    collect: (gauge) => gauge.set(lease.shards().length),
  })
  let sendFailures = 0
  let nextLookAtMs = 0
  let busyAtMs = performance.now()
  let isMore = false
  let acknowledged: PendingEvent[] = []
  let removeAtMs = Number.POSITIVE_INFINITY
  let removed: Promise<unknown> = Promise.resolve()

  /** Begins to; the next look at the outbox travels behind it on the same connection, and sees it done. */
  async function removeAcknowledged(): Promise<void> {
    if (acknowledged.length === 0) return
    await removed
    removed = removePending(connection, acknowledged).then(() => failpoint('relay.after_delete'))
    // Looked at with the next batch; until then a lost connection must not count as unhandled.
    removed.catch(() => undefined)
    acknowledged = []
    removeAtMs = Number.POSITIVE_INFINITY
  }

  async function publish(batch: readonly PendingEvent[]): Promise<void> {
    failpoint('relay.after_select')
    const startedAtMs = performance.now()
    busyAtMs = startedAtMs
    try {
      await broker.send(batch.map(recordOf))
    } catch (error) {
      sendFailures++
      log.warn({ err: error, events: batch.length }, 'batch not acknowledged, will retry')
      // What was behind it must not overtake it: the outbox gives both, in their order.
      lane.forget()
      isMore = true
      await delay(doubledMs(sendFailures, { baseMs: 100, maxMs: maxBackoffMs }))
      return
    }
    sendFailures = 0
    noteSent(batch, performance.now() - startedAtMs)
    lease.noteSent()
    outbox.noteOnLog(batch)
    failpoint('relay.after_send')
    if (acknowledged.length === 0) removeAtMs = performance.now() + REMOVE_AFTER_MS
    acknowledged.push(...batch)
    if (acknowledged.length >= REMOVED_TOGETHER) await removeAcknowledged()
  }

  /** Its first events, where there is something to look for: nothing of them is sent from memory, too. */
  async function look(): Promise<PendingEvent[]> {
    const isExpected = wakeUp.takeSignal() || isMore
    if (!isExpected && performance.now() < nextLookAtMs) return []
    const nowMs = performance.now()
    nextLookAtMs = nowMs + (nowMs - busyAtMs < IDLE_AFTER_MS ? lookEveryMs : idleLookEveryMs)
    isMore = false
    const shards = lease.shards()
    if (shards.length === 0) return []
    // Where young ones are read, too, those that were sent from here must be gone.
    if (isExpected) await removeAcknowledged()
    const minAgeMs = isExpected ? 0 : ON_THEIR_WAY_MS
    const rows = await readPending(connection, { shards, owner: lease.me, limit: batchSize, minAgeMs })
    const batch = rows.slice(0, countWithin(rows, batchBytes))
    isMore = batch.length < rows.length || rows.length === batchSize
    lane.forget(batch)
    return batch
  }

  while (!loop.isStopped() || lane.size() > 0) {
    const held = lease.shards().length
    await lease.renewIfDue(connection)
    if (lease.shards().length > held) isMore = true
    const left = await look()
    if (left.length > 0) await publish(left)
    const fresh = lane.take({ events: batchSize, bytes: batchBytes })
    if (fresh.length > 0) await publish(fresh)
    loop.onProgress()
    if (performance.now() >= removeAtMs) await removeAcknowledged()
    if (left.length === 0 && fresh.length === 0) {
      await removed
      const dueAtMs = Math.min(nextLookAtMs, removeAtMs)
      await wakeUp.wait(Math.min(dueAtMs - performance.now(), lease.dueInMs()))
    }
  }
  await removeAcknowledged()
  await removed
}

function sentMetrics(metrics: Metrics): (batch: readonly PendingEvent[], tookMs: number) => void {
  const sent = metrics.counter({ name: 'outbox_sent_total', help: 'Events the broker acknowledged' })
  const sending = metrics.histogram({
    name: 'outbox_send_duration_seconds',
    help: 'Time from a batch to its acknowledgement',
  })
  const published = metrics.histogram({
    name: 'outbox_publish_seconds',
    help: "Time from when an event was made to the broker's acknowledgement",
  })
  return (batch, tookMs) => {
    sending.observe({}, tookMs / 1_000)
    sent.inc(batch.length)
    const nowMs = Date.now()
    for (const row of batch) {
      published.observe({}, Math.max(0, nowMs - madeAtMs(row.event_id)) / 1_000)
      traceRow(row)
    }
  }
}

/** How long an event was in the outbox: from when it was made to its acknowledgement. */
function traceRow({ event_id, topic, type, headers }: PendingEvent): void {
  if (headers.traceparent === undefined) return
  recordSpan(continueTrace(headers), madeAtMs(event_id), {
    name: `publish ${type}`,
    kind: 'producer',
    attributes: { messaging_destination_name: topic },
  })
}
