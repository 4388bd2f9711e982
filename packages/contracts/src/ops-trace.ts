import { z } from 'zod'
import { Uuid } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

const SpanId = z.string().regex(/^[0-9a-f]{16}$/)

/** A part of what was done for an order, in one process. */
const TraceSpan = z.object({
  trace_id: z.string(),
  span_id: SpanId,
  parent_id: SpanId.nullable(),
  service: z.string(),
  instance: z.string(),
  name: z.string(),
  kind: z.enum(['server', 'client', 'producer', 'consumer', 'internal']),
  /** Since 1970, with fractions. */
  started_at_ms: z.number(),
  duration_ms: z.number(),
  attributes: z.record(z.string(), z.union([z.string(), z.number()])),
  error: z.string().nullable(),
})
export type TraceSpan = z.infer<typeof TraceSpan>

/** Processes forget old spans, and dead ones have none: what is missing never was, or is forgotten. */
export const OrderTrace = z.object({
  ...partial,
  trace_ids: z.array(z.string()),
  /** In the order they began. */
  spans: z.array(TraceSpan),
})
export type OrderTrace = z.infer<typeof OrderTrace>

export const getOrderTrace = route({
  access: ['operator'],
  problems: [],
  operation: 'get_order_trace',
  owner: 'ops',
  method: 'GET',
  path: '/ops/orders/:order_id/trace',
  summary: 'Where the time of an order went: the spans of its trace, of all processes that still know them',
  params: z.strictObject({ order_id: Uuid }),
  answers: { 200: OrderTrace },
})
