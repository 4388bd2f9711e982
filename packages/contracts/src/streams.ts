import { z } from 'zod'
import { Instant } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

// How events travel, and the mathematics of their queues. What is not known is null, never 0.

const Figure = z.number().nullable()
const Count = z.int().nullable()

/** One topic as one group reads it. */
export const StreamView = z.object({
  service: z.string(),
  topic: z.string(),
  lag_records: Count,
  /** How old the oldest record is that it has not read; within four seconds. */
  lag_s: Figure,
  appended_per_s: Figure,
  consumed_per_s: Figure,
  /** How the lag changes, over the last half minute. */
  trend_per_s: Figure,
  /** When the lag will be gone if both rates stay; null also where it will not. */
  clear_in_s: Figure,
  /** Of the last five minutes. */
  repeated: Count,
  blocked: Count,
  partitions: z.array(z.object({ partition: z.int(), lag_records: z.int(), owner: z.string().nullable() })),
})
export type StreamView = z.infer<typeof StreamView>

export const OutboxView = z.object({
  service: z.string(),
  pending: Count,
  oldest_s: Figure,
  /** From an event to the broker's acknowledgement, on average over the last minute. */
  publish_ms: Figure,
  published_per_s: Figure,
  /** Of 16 shards, how many each instance publishes. */
  shards: z.array(z.object({ instance: z.string(), held: Count })),
})
export type OutboxView = z.infer<typeof OutboxView>

export const Streams = z.object({
  ...partial,
  /** When the broker was last asked with success. */
  broker_at: Instant.nullable(),
  streams: z.array(StreamView),
  outboxes: z.array(OutboxView),
})
export type Streams = z.infer<typeof Streams>

/** Why a station's prediction is not to be believed. */
export const ModelEnd = z.enum(['no_data', 'too_few', 'saturated', 'batches'])

/** A consumer of one topic as a queue with several servers. */
export const Station = z.object({
  service: z.string(),
  topic: z.string(),
  /** λ: records that arrive a second. μ: records that one server would handle. c: servers. ρ = λ/cμ. */
  arrivals_per_s: Figure,
  handled_per_s: Figure,
  /** The most that one server has handled in some seconds, so far: it takes more at once when more waits. */
  best_per_s: Figure,
  servers: Count,
  utilisation: Figure,
  /** Records that one transaction took together. */
  batch: Figure,
  /** From the log to the reader, measured while it was at rest; part of the predicted time. */
  transport_ms: Figure,
  predicted: z.object({ wait_ms: Figure, time_ms: Figure, length: Figure }),
  measured: z.object({ time_ms: Figure, length: Figure }),
  /** The predicted time against the measured one; 0.1 is ten per cent too long. */
  error_share: Figure,
  backlog: Count,
  /** backlog/(cμ−λ), with the most that it has handled so far. */
  drain_s: Figure,
  ends: ModelEnd.nullable(),
})
export type Station = z.infer<typeof Station>

export const OrderPath = z.object({
  /** Orders of the last five minutes that went this way, and their share of all. */
  orders: z.int(),
  share: z.number(),
  steps: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      service: z.string(),
      measured_ms: z.number(),
      predicted_ms: Figure,
    }),
  ),
  measured_ms: z.number(),
  predicted_ms: Figure,
})
export type OrderPath = z.infer<typeof OrderPath>

export const Queues = z.object({
  ...partial,
  stations: z.array(Station),
  /** The way that most orders went from their placing to their completion, each step the cause of the next. */
  path: OrderPath.nullable(),
})
export type Queues = z.infer<typeof Queues>

const operator = { owner: 'ops', access: ['operator'], method: 'GET', problems: [] } as const

export const getStreams = route({
  ...operator,
  operation: 'get_streams',
  path: '/ops/streams',
  summary:
    'How events travel: outboxes, topics, and who is how far behind on them, by the word of the broker',
  answers: { 200: Streams },
})

export const getQueues = route({
  ...operator,
  operation: 'get_queues',
  path: '/ops/queues',
  summary:
    'The consumers as queues: what the mathematics predict beside what is measured, and the critical path',
  answers: { 200: Queues },
})

export const STREAM_ROUTES = [getStreams, getQueues]
