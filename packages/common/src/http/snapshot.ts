import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Metrics } from '../runtime/metrics.ts'
import type { Caller, Verify } from './auth.ts'

/** The operation that a service's token must be for, and the only service that may ask. */
export const READ_SNAPSHOT = { operation: 'read_snapshot', caller: 'ops' } as const

/** A figure that needs the database may take this long (ms): how the process fares is known without it. */
const STORE_MS = 200

const Count = z.int().min(0)

/** How one process fares. Counts are since it started: who asks twice has a rate. */
export const Snapshot = z.object({
  service: z.string(),
  instance: z.string(),
  /** Another after each start: counts of two boots are not to be compared. */
  boot_id: z.uuid(),
  pid: z.int(),
  started_at: z.iso.datetime(),
  at: z.iso.datetime(),
  rss_bytes: Count,
  /** Share of one core, and of the event loop's time, since the snapshot before. */
  cpu_share: z.number(),
  loop_share: z.number(),
  streams: Count,
  /** Upper bounds of the buckets in seconds; the last bucket has no bound. */
  le: z.array(z.number()),
  requests: z.array(
    z.object({
      method: z.string(),
      route: z.string(),
      count: Count,
      /** Answered with a 5xx. */
      failed: Count,
      buckets: z.array(Count),
    }),
  ),
  /** What this instance asks of others, by its own count. */
  calls: z.array(
    z.object({ target: z.string(), operation: z.string(), count: Count, failed: Count, breaker: z.string() }),
  ),
  /** Null where the service has no such thing, or cannot say now. */
  outbox: z.object({ pending: Count, oldest_s: z.number() }).nullable(),
  lag_records: z.array(z.object({ topic: z.string(), records: Count })).nullable(),
  dead_letters: Count.nullable(),
  /** Inputs that a state table calls impossible. */
  anomalies: Count,
  /** How many requests it works on at most, and those that it refused since they were more. */
  inbound_limit: z.number().nullable(),
  shed: z.array(z.object({ priority: z.string(), count: Count })),
  pool: z.object({ idle: Count, used: Count, waiting: Count }).nullable(),
})
export type Snapshot = z.infer<typeof Snapshot>

type Values = { labels: Record<string, string | number>; value: number; metricName?: string }[]

/** Takes snapshots of this process; each covers the time since the one before. */
export function createSnapshots({
  service,
  instance,
  metrics,
}: {
  service: string
  instance: string
  metrics: Metrics
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
      shed,
      anomalies,
      pending,
      letters,
    ] = await Promise.all([
      read('http_server_requests_total'),
      read('http_server_request_duration_seconds'),
      read('http_client_requests_total'),
      read('breaker_state'),
      read('http_server_streams'),
      read('kafka_consumer_lag_records'),
      read('db_client_connections'),
      read('http_server_inbound_limit'),
      read('http_server_shed_total'),
      read(`${service}_anomalies_total`),
      readStore('outbox_pending_events'),
      readStore('dead_letters_open'),
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
      le,
      requests,
      calls: callsOf(tries ?? [], breakers ?? []),
      outbox: outboxOf(pending?.[0]?.value, oldest?.[0]?.value),
      lag_records: lag === undefined ? null : lagOf(lag),
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
  const bearer = /^Bearer ([\w.-]+)$/i.exec(authorization ?? '')?.[1]
  if (bearer === undefined) return false
  const caller: Caller | undefined = await verify(bearer).catch(() => undefined)
  const { operation, caller: name } = READ_SNAPSHOT
  return caller?.role === 'service' && caller.subject === name && caller.scopes.includes(operation)
}

function requestsOf(statuses: Values, durations: Values): Pick<Snapshot, 'le' | 'requests'> {
  const bounds = new Set<number>()
  const routes = new Map<string, Snapshot['requests'][number]>()
  const routeOf = ({ http_request_method, http_route }: Values[number]['labels']) => {
    const [method, route] = [String(http_request_method), String(http_route)]
    const found = routes.get(`${method} ${route}`)
    if (found !== undefined) return found
    const made = { method, route, count: 0, failed: 0, buckets: [] }
    routes.set(`${method} ${route}`, made)
    return made
  }
  for (const { labels, value } of statuses) {
    const route = routeOf(labels)
    route.count += value
    if (String(labels.http_response_status_code).startsWith('5')) route.failed += value
  }
  for (const { labels, value, metricName } of durations) {
    if (metricName?.endsWith('_bucket') !== true) continue
    if (labels.le !== '+Inf') bounds.add(Number(labels.le))
    routeOf(labels).buckets.push(value)
  }
  return { le: [...bounds], requests: [...routes.values()] }
}

const BREAKER = ['closed', 'half-open', 'open']

function callsOf(tries: Values, breakers: Values): Snapshot['calls'] {
  return breakers.map(({ labels, value }) => {
    const { server_address: target, http_route: operation } = labels
    const own = tries.filter(
      (one) => one.labels.server_address === target && one.labels.http_route === operation,
    )
    const isFailed = ({ labels: { result } }: Values[number]) => !/^[1-4]xx$/.test(String(result))
    return {
      target: String(target),
      operation: String(operation),
      count: sumOf(own),
      failed: sumOf(own.filter(isFailed)),
      breaker: BREAKER[value] ?? 'closed',
    }
  })
}

function outboxOf(pending: number | undefined, oldest_s: number | undefined): Snapshot['outbox'] {
  const isKnown = pending !== undefined && oldest_s !== undefined && !Number.isNaN(pending)
  return isKnown ? { pending, oldest_s } : null
}

function lagOf(values: Values): { topic: string; records: number }[] {
  const byTopic = Map.groupBy(values, ({ labels }) => String(labels.topic))
  return [...byTopic].map(([topic, partitions]) => ({ topic, records: sumOf(partitions) }))
}

function poolOf(values: Values): NonNullable<Snapshot['pool']> {
  const of = (state: string) => values.find(({ labels }) => labels.state === state)?.value ?? 0
  return { idle: of('idle'), used: of('used'), waiting: of('waiting') }
}

function sumOf(values: Values): number {
  return values.reduce((sum, { value }) => sum + value, 0)
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
