import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Metrics } from '../runtime/metrics.ts'
import { RTT_BOUNDS_S } from '../mesh/endpoint-counts.ts'
import type { TargetLook } from '../mesh/target-look.ts'
import { bearerIn, type Caller, type Verify } from './auth.ts'
import { READ_SNAPSHOT, type Snapshot } from './snapshot.ts'
import {
  requestsOf,
  callsOf,
  outboxOf,
  lagOf,
  consumedOf,
  partOf,
  poolOf,
  reachOf,
  sumOf,
  known,
  type Values,
} from './snapshot-parts.ts'

/** A figure that needs the database may take this long (ms): how the process fares is known without it. */
const STORE_MS = 200

/** Takes snapshots of this process; each covers the time since the one before. */
export function createSnapshots({
  service,
  instance,
  metrics,
  look = () => [],
}: {
  service: string
  instance: string
  metrics: Metrics
  /** What the process knows of those that it calls. */
  look?: () => TargetLook[]
}): () => Promise<Snapshot> {
  const boot_id = randomUUID()
  const started_at = new Date(performance.timeOrigin).toISOString()
  let cpu = process.cpuUsage()
  let loop = performance.eventLoopUtilization()
  let at = performance.now()

  async function read(name: string): Promise<Values | undefined> {
    return (await metrics.registry.getSingleMetric(name)?.get())?.values as Values | undefined
  }

  /** Undefined where there is no such metric, or the database does not answer in time. */
  async function readStore(name: string): Promise<Values | undefined> {
    return Promise.race([read(name), delay(STORE_MS, undefined, { ref: false })])
  }

  return async () => {
    const [used, until, nowMs] = [
      process.cpuUsage(cpu),
      performance.eventLoopUtilization(),
      performance.now(),
    ]
    const cpu_share = (used.user + used.system) / 1e3 / Math.max(1, nowMs - at)
    const loop_share = performance.eventLoopUtilization(until, loop).utilization
    cpu = process.cpuUsage()
    loop = until
    at = nowMs
    const [
      statuses,
      durations,
      tries,
      breakers,
      streams,
      lag,
      pool,
      limit,
      inFlight,
      shed,
      anomalies,
      retries,
      listed,
      outcomes,
      transactions,
      ages,
      shards,
      published,
      pending,
      letters,
      certificate,
    ] = await Promise.all([
      read('http_server_requests_total'),
      read('http_server_request_duration_seconds'),
      read('http_client_requests_total'),
      read('breaker_state'),
      read('http_server_streams'),
      read('kafka_consumer_lag_records'),
      read('db_client_connections'),
      read('http_server_inbound_limit'),
      read('http_server_in_flight'),
      read('http_server_shed_total'),
      read(`${service}_anomalies_total`),
      read('retries_total'),
      read('discovery_age_seconds'),
      read('messaging_client_consumed_messages_total'),
      read('messaging_process_duration_seconds'),
      read('messaging_record_age_seconds'),
      read('relay_shards_held'),
      read('outbox_publish_seconds'),
      readStore('outbox_pending_events'),
      readStore('dead_letters_open'),
      read('mesh_tls_certificate_expires_seconds'),
    ])
    // It is set by the look at the outbox.
    const oldest = pending && (await read('outbox_oldest_age_seconds'))
    const { le, requests } = requestsOf(statuses ?? [], durations ?? [])
    return {
      service,
      instance,
      boot_id,
      pid: process.pid,
      started_at,
      at: new Date().toISOString(),
      rss_bytes: process.memoryUsage.rss(),
      cpu_share,
      loop_share,
      streams: streams?.[0]?.value ?? 0,
      in_flight: inFlight?.[0]?.value ?? null,
      certificate_expires_s: certificate?.[0]?.value || null,
      le,
      requests,
      calls: callsOf(tries ?? [], breakers ?? []),
      outbox: outboxOf(pending?.[0]?.value, oldest?.[0]?.value),
      lag_records: lag === undefined ? null : lagOf(lag),
      rtt_le: RTT_BOUNDS_S,
      targets: look().map((one) => ({ ...one, ...reachOf(one.target, retries ?? [], listed ?? []) })),
      consumed: consumedOf(outcomes ?? [], transactions ?? [], ages ?? []),
      relay:
        shards === undefined
          ? null
          : {
              shards: shards[0]?.value ?? 0,
              published: partOf(published ?? [], 'count'),
              publish_s: partOf(published ?? [], 'sum'),
            },
      dead_letters: known(letters && sumOf(letters)),
      anomalies: sumOf(anomalies ?? []),
      inbound_limit: limit?.[0]?.value ?? null,
      shed: (shed ?? []).map(({ labels, value }) => ({ priority: String(labels.priority), count: value })),
      pool: pool === undefined || pool.length === 0 ? null : poolOf(pool),
    }
  }
}

/** Whether a request may read snapshots: with a token of the one service that they are for. */
export async function maySnapshot(verify: Verify, authorization: string | undefined): Promise<boolean> {
  const bearer = bearerIn(authorization)
  if (bearer === undefined) return false
  const caller: Caller | undefined = await verify(bearer).catch(() => undefined)
  const { operation, caller: name } = READ_SNAPSHOT
  return caller?.role === 'service' && caller.subject === name && caller.scopes.includes(operation)
}
