import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { madeAtMs } from '@lepton/common/runtime/id'
import type { Log } from '@lepton/common/runtime/log'
import { recordSpan } from '@lepton/common/runtime/span'
import { continueTrace } from '@lepton/common/runtime/trace'
import type { Metrics } from '@lepton/common/runtime/metrics'
import type { Database } from './postgres/database.ts'
import { prepared } from './postgres/prepared.ts'
import type { Broker } from './broker.ts'
import { createLease, type Lease } from './lease.ts'
import { type ArchivedEvent, type Outbox, recordOf } from './outbox.ts'
import { createWakeUp, type WakeUp } from './wake-up.ts'

export interface RelaySettings {
  batchSize?: number
  batchBytes?: number
  /** Waits between looks at an empty outbox: from busy to idle. */
  minIdleMs?: number
  maxIdleMs?: number
  maxBackoffMs?: number
}

interface PendingRow extends ArchivedEvent {
  shard: number
  id: number
}

// What it writes may be lost with the server: a row that stays pending is sent again, and dropped as a repeat. The
// flush of each delete would delay the commits of those who emit. And a table that is mostly empty is planned for as
// if it always were: a bitmap would read a whole backlog for each batch.
export const RELAY_SESSION = 'set synchronous_commit to off; set enable_bitmapscan to off'

// Each shard gives its first rows by the index, so a batch costs the same however long the backlog is. The lateral
// join with OFFSET 0 probes the archive once a row; a plain join scans all of it.
export const SELECT_BATCH = `
  with p as materialized (
    select p.* from relay_lease l, lateral (
      select shard, id, created_at from outbox_pending
      where shard = l.shard and id > l.floor
      order by id limit $2) p
    where l.shard = any($1::smallint[]) and l.owner = $3
    order by p.id limit $2)
  select p.shard, p.id, o.event_id, o.topic, o.key, o.pub_seq, o.type, o.payload::text as payload, o.headers
  from p, lateral (
    select event_id, topic, key, pub_seq, type, payload, headers from outbox o
    where o.created_at = p.created_at and o.id = p.id offset 0) o
  order by p.id`

// What was sent is looked up row by row, too: where statistics call the table empty, a join compares
// each row of a backlog with the whole batch.
export const DELETE_BATCH = `
  delete from outbox_pending where ctid = any (array(
    select p.ctid from unnest($1::smallint[], $2::bigint[]) as sent(shard, id)
    join relay_lease l on l.shard = sent.shard and l.owner = $3, lateral (
      select ctid from outbox_pending where shard = sent.shard and id = sent.id offset 0) p))`

/**
 * Publishes committed outbox rows of the shards this process holds a lease on, until it is stopped.
 *
 * A row leaves `outbox_pending` only after the broker acknowledged it, and rows of one key go in id
 * order, so the first occurrence of each event of a key is in commit order on the log, however many
 * relays, crashes and repeats there are. Consumers drop the repeats.
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
  const wakeUp = createWakeUp({ database, outbox: deps.outbox, log, isMine: lease.holds })

  async function run(): Promise<void> {
    for (let failures = 0; !isStopped;) {
      try {
        connection = await database.connect('relay')
        await connection.query(RELAY_SESSION)
        await relayUntilStopped(connection, lease, wakeUp, deps, settings, {
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
        await connection
          ?.end()
          .catch((error: unknown) => log.debug({ err: error }, 'the relay connection was gone'))
        connection = undefined
      }
      if (!isStopped) await wakeUp.wait(Math.min(maxBackoffMs, 100 * 2 ** Math.min(failures, 10)))
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
  lease: Lease,
  wakeUp: WakeUp,
  { broker, metrics, log }: { broker: Broker; metrics: Metrics; log: Log },
  {
    batchSize = 500,
    batchBytes = 512 * 1024,
    minIdleMs = 50,
    maxIdleMs = 500,
    maxBackoffMs = 2_000,
  }: RelaySettings,
  loop: { isStopped: () => boolean; onProgress: () => void },
): Promise<void> {
  const sent = metrics.counter({ name: 'outbox_sent_total', help: 'Events the broker acknowledged' })
  const sending = metrics.histogram({
    name: 'outbox_send_duration_seconds',
    help: 'Time from a batch to its acknowledgement',
  })
  const published = metrics.histogram({
    name: 'outbox_publish_seconds',
    help: "Time from when an event was made to the broker's acknowledgement",
  })
  metrics.gauge({
    name: 'relay_shards_held',
    help: 'Shards of the outbox that this instance publishes, of 16',
    collect: (gauge) => gauge.set(lease.shards().length),
  })
  let idleMs = minIdleMs
  let sendFailures = 0
  let deleted: Promise<unknown> = Promise.resolve()
  while (!loop.isStopped()) {
    await lease.renewIfDue(connection)
    const [batch] = await Promise.all([
      lease.shards().length === 0 ? [] : readBatch(connection, lease, batchSize, batchBytes),
      deleted,
    ])
    loop.onProgress()
    if (batch.length === 0) {
      const isWoken = await wakeUp.wait(Math.min(idleMs, lease.dueInMs()))
      idleMs = isWoken ? minIdleMs : Math.min(maxIdleMs, idleMs * 2)
      continue
    }
    idleMs = minIdleMs
    failpoint('relay.after_select')
    const done = sending.startTimer()
    try {
      await broker.send(batch.map(recordOf))
    } catch (error) {
      done()
      sendFailures++
      log.warn({ err: error, events: batch.length }, 'batch not acknowledged, will retry')
      await delay(Math.min(maxBackoffMs, 100 * 2 ** Math.min(sendFailures, 10)))
      continue
    }
    sendFailures = 0
    done()
    sent.inc(batch.length)
    const nowMs = Date.now()
    for (const row of batch) {
      published.observe(Math.max(0, nowMs - madeAtMs(row.event_id)) / 1_000)
      traceRow(row)
    }
    lease.noteSent()
    failpoint('relay.after_send')
    // The next look at the outbox travels behind it on the same connection, and sees it done.
    deleted = remove(connection, lease, batch).then(() => failpoint('relay.after_delete'))
    // Looked at with the next batch; until then a lost connection must not count as unhandled.
    deleted.catch(() => undefined)
  }
}

/** How long an event was in the outbox: from when it was made to its acknowledgement. */
function traceRow({ event_id, topic, type, headers }: PendingRow): void {
  if (headers.traceparent === undefined) return
  recordSpan(continueTrace(headers), madeAtMs(event_id), {
    name: `publish ${type}`,
    kind: 'producer',
    attributes: { messaging_destination_name: topic },
  })
}

/**
 * Only of shards that are still its own: publishing events again takes the shards away, so that an
 * acknowledgement of a log that is gone takes nothing from what the next log needs.
 */
async function remove(connection: pg.Client, lease: Lease, batch: readonly PendingRow[]): Promise<void> {
  await connection.query(
    prepared(DELETE_BATCH, [batch.map(({ shard }) => shard), batch.map(({ id }) => id), lease.me]),
  )
}

async function readBatch(connection: pg.Client, lease: Lease, batchSize: number, batchBytes: number) {
  const { rows } = await connection.query<PendingRow>(
    prepared(SELECT_BATCH, [lease.shards(), batchSize, lease.me]),
  )
  let bytes = 0
  const end = rows.findIndex(({ payload }) => (bytes += Buffer.byteLength(payload) + 512) > batchBytes)
  return end <= 0 ? rows : rows.slice(0, end)
}
