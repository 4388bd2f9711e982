import { z } from 'zod'

/** The operation that a service's token must be for, and the only service that may ask. */
export const READ_SNAPSHOT = { operation: 'read_snapshot', caller: 'ops' } as const

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
  /** Requests in progress; null where the process has no limit of them. */
  in_flight: Count.nullable().default(null),
  /** When its certificate expires, in seconds since 1970; null where it has none. */
  certificate_expires_s: z.number().nullable().default(null),
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
  /** Bounds of the buckets of round trips, in seconds. */
  rtt_le: z.array(z.number()),
  /** What it knows of those that it calls. */
  targets: z.array(
    z.object({
      target: z.string(),
      policy: z.string(),
      budget: z.number(),
      is_panicking: z.boolean(),
      /** How old the list of its instances is; null where it never came. */
      discovery_age_s: z.number().nullable(),
      retried: Count,
      endpoints: z.array(
        z.object({
          instance: z.string(),
          /** How it is spoken to; null where it was not yet. */
          transport: z.string().nullable().default(null),
          is_encrypted: z.boolean().nullable().default(null),
          standing: z.enum(['healthy', 'unverified', 'ejected', 'gone']),
          ejected_ms: z.number().nullable(),
          weight: z.number(),
          pending: Count,
          ended: Count,
          failed: Count,
          buckets: z.array(Count),
        }),
      ),
      breakers: z.array(
        z.object({
          operation: z.string(),
          state: z.enum(['closed', 'half-open', 'open']),
          since_ms: z.number(),
          retry_ms: z.number(),
        }),
      ),
    }),
  ),
  /** Null where the service has no such thing, or cannot say now. */
  outbox: z.object({ pending: Count, oldest_s: z.number() }).nullable(),
  lag_records: z.array(z.object({ topic: z.string(), records: Count })).nullable(),
  /** What it has made of the records of each topic. */
  consumed: z.array(
    z.object({
      topic: z.string(),
      applied: Count,
      repeated: Count,
      blocked: Count,
      dead: Count,
      /** Not from the owner of their topic. */
      refused: Count.default(0),
      /** Of its transactions: how many, and how long they took in all. */
      transactions: Count,
      busy_s: z.number(),
      /** From the log to their effect, of all records. */
      aged: Count,
      age_s: z.number(),
    }),
  ),
  /** What it has published: shards of the outbox that it holds, and the time from an event to its acknowledgement. */
  relay: z.object({ shards: Count, published: Count, publish_s: z.number() }).nullable(),
  dead_letters: Count.nullable(),
  /** Inputs that a state table calls impossible. */
  anomalies: Count,
  /** How many requests it works on at most, and those that it refused since they were more. */
  inbound_limit: z.number().nullable(),
  shed: z.array(z.object({ priority: z.string(), count: Count })),
  pool: z.object({ idle: Count, used: Count, waiting: Count }).nullable(),
})
export type Snapshot = z.infer<typeof Snapshot>
