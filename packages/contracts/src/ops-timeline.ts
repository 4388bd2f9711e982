import { z } from 'zod'
import { DeadLetter, LetterId } from './dead-letters.ts'
import { Instant, Uuid } from './fields.ts'
import { partial } from './incomplete.ts'
import { PspTask } from './ops-order-parts.ts'
import { ExpectedStep } from './ops-orders.ts'
import type { ConsumingService, PublishingService } from './services.ts'
import { route } from './route.ts'

const OfOrder = z.strictObject({ order_id: Uuid })

const operator = { access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false, method: 'GET', params: OfOrder } as const

const TraceId = z.string().regex(/^[0-9a-f]{32}$/)

const TrailEvent = z.object({
  event_id: Uuid,
  topic: z.string(),
  type: z.string(),
  sequence: z.int(),
  service: z.string(),
  instance: z.string(),
  /** When its transaction began, by the clock of the database. */
  at: Instant,
  caused_by: Uuid.nullable(),
  trace_id: TraceId.nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type TrailEvent = z.infer<typeof TrailEvent>

/** What a service has published about an order, and what it could not apply. */
export function trailRoute(owner: PublishingService) {
  return route({
    ...inside,
    operation: 'get_own_trail',
    owner,
    path: '/ops/orders/:order_id/trail',
    summary: "The service's events about an order, and its dead letters",
    answers: { 200: z.object({ events: z.array(TrailEvent), dead: z.array(DeadLetter) }) },
  })
}

const Applied = z.object({ event_id: Uuid, sent_at: Instant.nullable(), at: Instant })
export type Applied = z.infer<typeof Applied>

export function appliedRoute(owner: ConsumingService) {
  return route({
    ...operator,
    delegates: ['ops'],
    exposed: false,
    operation: 'list_own_applied',
    owner,
    method: 'POST',
    path: '/ops/events/applied',
    summary: 'When the service applied these events',
    body: z
      .strictObject({ event_ids: z.array(Uuid).min(1).max(500) })
      .meta({ examples: [{ event_ids: ['01a1fea5-ba4b-71f4-85de-696148493360'] }] }),
    answers: { 200: z.object({ items: z.array(Applied) }) },
  })
}

const TimelineEvent = TrailEvent.extend({
  /** Every service that reads it; `at` is null where it was not applied yet, or too long ago to be known. */
  consumed: z.array(z.object({ service: z.string(), sent_at: Instant.nullable(), at: Instant.nullable() })),
})

export const Timeline = z.object({
  ...partial,
  /** Causes before their effects. */
  events: z.array(TimelineEvent),
  tasks: z.array(PspTask),
  dead: z.array(
    DeadLetter.pick({
      status: true,
      event_id: true,
      event_type: true,
      error_class: true,
      error_message: true,
      attempts: true,
      first_failed_at: true,
    }).extend({ letter_id: LetterId, service: z.string() }),
  ),
  expected: z.array(ExpectedStep),
})
export type Timeline = z.infer<typeof Timeline>

export const getTimeline = route({
  ...operator,
  operation: 'get_timeline',
  owner: 'ops',
  method: 'GET',
  path: '/ops/orders/:order_id/timeline',
  summary: 'What happened to an order, in all services, with causes and waits, and what is still to come',
  params: OfOrder,
  answers: { 200: Timeline },
})
