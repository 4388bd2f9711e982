import { z } from 'zod'
import { Instant } from './fields.ts'

// What the web app shows of the machinery. A figure that is not known is null, never 0.

export const Figure = z.number().nullable()
export const Count = z.int().nullable()

/** `gone`: it was there and the registry names it no more; kept for ten minutes. */
export const InstanceState = z.enum(['passing', 'warning', 'failing', 'gone'])
export type InstanceState = z.infer<typeof InstanceState>

export const InstanceBrief = z.object({ name: z.string(), state: InstanceState, since: Instant })

/** What one instance did in the last two seconds. */
export const InstanceFigures = z.object({
  requests_per_s: Figure,
  /** Of its answers, those with a 5xx. */
  error_share: Figure,
  p99_ms: Figure,
  cpu_share: Figure,
  loop_share: Figure,
  rss_bytes: Count,
})
export type InstanceFigures = z.infer<typeof InstanceFigures>

export const InstanceView = InstanceBrief.extend({
  service: z.string(),
  /** Why it is in another state than `passing`. */
  because: z.string().nullable(),
  started_at: Instant.nullable(),
  /** As the launcher says; null where there is none. */
  process: z.object({ status: z.string(), pid: z.int().nullable(), restarts: z.int() }).nullable(),
  figures: InstanceFigures,
})
export type InstanceView = z.infer<typeof InstanceView>

export const ServiceView = z.object({
  service: z.string(),
  /** Instances that ought to run. */
  expected: z.int(),
  instances: z.array(InstanceView),
  figures: z.object({
    requests_per_s: Figure,
    error_share: Figure,
    p99_ms: Figure,
    /** Records that wait for its consumers, by their own word. */
    lag_records: Count,
    outbox_pending: Count,
    outbox_oldest_s: Figure,
    dead_letters: Count,
  }),
})
export type ServiceView = z.infer<typeof ServiceView>

export const ServerView = z.object({
  name: z.string(),
  title: z.string(),
  status: z.string(),
  restarts: z.int(),
})

/** Of all orders on the log; what is published again counts again. */
export const OrderFigures = z.object({
  accepted: Count,
  completed: Count,
  /** Ended otherwise: cancelled, rejected, refunded. */
  undone: Count,
  in_flight: Count,
  accepted_per_s: Figure,
  /** From accepted to completed, of the last five minutes. */
  completed_p50_ms: Figure,
  completed_p99_ms: Figure,
  captured_minor: Count,
  refunded_minor: Count,
})
export type OrderFigures = z.infer<typeof OrderFigures>

/** What the last comparison of all orders found; null until there was one. */
export const Books = z
  .object({ checked_at: Instant, orders: z.int(), lost: z.int(), charged_twice: z.int(), oversold: z.int() })
  .nullable()
export type Books = z.infer<typeof Books>

/** One step of an order: a number that stands for it, from where to where, how, and how long it took (ms). */
export const FlowRow = z
  .tuple([z.int(), z.string(), z.string(), z.enum(['request', 'event']), z.int()])
  // Not every reader of OpenAPI knows prefixItems.
  .meta({ prefixItems: undefined, items: { type: ['integer', 'string'] }, minItems: 5, maxItems: 5 })
export type FlowRow = z.infer<typeof FlowRow>
export const Flow = z.object({
  /** The share of orders that is shown: all of them up to 20 a second. */
  share: z.number(),
  rows: z.array(FlowRow),
})
export type Flow = z.infer<typeof Flow>

/** Something that happened to a process, as it was seen. */
export const Mark = z.object({
  id: z.string(),
  at: Instant,
  kind: z.enum(['instance', 'action', 'alarm']),
  name: z.string(),
  what: z.string(),
  who: z.string().nullable(),
  reason: z.string().nullable(),
})
export type Mark = z.infer<typeof Mark>
