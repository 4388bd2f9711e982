import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, Reason, text } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'
import { SUBSCRIPTIONS } from './topics.ts'

/** Services that consume events, and so may have dead letters. */
export const CONSUMERS = Object.keys(SUBSCRIPTIONS) as (keyof typeof SUBSCRIPTIONS)[]
export type ConsumingService = keyof typeof SUBSCRIPTIONS
/** Services that publish events, and so have an archive of them. */
export const PUBLISHERS = ['cart', ...CONSUMERS] as const
export type PublishingService = (typeof PUBLISHERS)[number]

// The database knows no year 0; nothing of ours is older than this.
const RecentInstant = Instant.regex(/^[2-9]/, 'must be after the year 2000').meta({ format: 'date-time' })
export const LetterId = z
  .string()
  .regex(new RegExp(`^(${CONSUMERS.join('|')})-[0-9]{1,15}$`), 'must be a service and a number: order-17')
  .meta({ examples: ['order-17'] })

export const DeadLetterStatus = z.enum(['DEAD', 'BLOCKED', 'REPLAYED', 'DISCARDED'])

/** A record that could not be applied (DEAD), or one that waits behind it in its key (BLOCKED). */
export const DeadLetter = z.object({
  letter_id: LetterId,
  status: DeadLetterStatus,
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  key: z.string(),
  sequence: z.int().nullable(),
  event_id: z.string().nullable(),
  event_type: z.string().nullable(),
  error_class: z.string().nullable(),
  error_message: z.string().nullable(),
  attempts: z.int(),
  first_failed_at: Instant,
  updated_at: Instant,
})
export type DeadLetter = z.infer<typeof DeadLetter>

export const DeadLetterDetail = DeadLetter.extend({
  headers: z.record(z.string(), z.string()),
  payload_base64: z.string().nullable(),
})

export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>

export const DeadLetterQuery = z.strictObject({
  status: DeadLetterStatus.optional(),
  key: text(200).optional(),
  service: z.enum(CONSUMERS).optional(),
  error_class: text(100).optional(),
  event_type: text(100).optional(),
  cursor: Cursor.optional(),
  limit: Limit.default(20),
})

export const OfLetter = z.strictObject({ letter_id: LetterId })

export const ReplayLetters = z
  .strictObject({
    letter_id: LetterId.optional(),
    key: text(200).optional(),
    event_id: z.uuid().optional(),
    error_class: text(100).optional(),
    /** Exactly these, as they were seen: what has come since is left alone. */
    letter_ids: z.array(LetterId).min(1).max(100).optional(),
    dry_run: z.boolean().default(false),
    reason: Reason,
  })
  .meta({ examples: [{ key: 'no-such-key', dry_run: true, reason: 'trying it out' }] })
export type ReplayLetters = z.infer<typeof ReplayLetters>

export const ReplayedLetter = DeadLetter.pick({ letter_id: true, key: true, sequence: true }).extend({
  outcome: z.enum(['WOULD_REPLAY', 'REPLAYED', 'FAILED', 'WAITS']),
  detail: z.string().optional(),
})
export type ReplayedLetter = z.infer<typeof ReplayedLetter>

export const DiscardLetter = z
  .strictObject({ reason: Reason })
  .meta({ examples: [{ reason: 'trying it out' }] })

/** Events made in [since, until) are sent to Kafka again; consumers drop what they know. */
export const Republish = z
  .strictObject({
    since: RecentInstant,
    until: RecentInstant,
    dry_run: z.boolean().default(false),
    reason: Reason,
  })
  .meta({
    examples: [
      {
        since: '2026-01-01T00:00:00Z',
        until: '2026-01-02T00:00:00Z',
        dry_run: true,
        reason: 'trying it out',
      },
    ],
  })
export type Republish = z.infer<typeof Republish>

const operator = { access: ['operator'] } as const
const inside = { ...operator, exposed: false } as const

/** What each consuming service answers about its own dead letters; the ops service joins them. */
export function deadLetterRoutes(owner: ConsumingService) {
  return {
    list: route({
      operation: 'list_own_dead_letters',
      owner,
      method: 'GET',
      path: '/ops/dead-letters',
      summary: "The service's records that could not be applied, and those that wait behind them",
      ...inside,
      query: DeadLetterQuery,
      answers: { 200: pageOf(DeadLetter) },
      problems: [],
    }),
    get: route({
      operation: 'get_own_dead_letter',
      owner,
      method: 'GET',
      path: '/ops/dead-letters/:letter_id',
      summary: 'One of them, with headers and payload',
      ...inside,
      params: OfLetter,
      answers: { 200: DeadLetterDetail },
      problems: [],
    }),
    replay: route({
      operation: 'replay_own_dead_letters',
      owner,
      method: 'POST',
      path: '/ops/dead-letters/replay',
      summary: 'Apply dead letters again',
      ...inside,
      body: ReplayLetters,
      answers: { 200: z.object({ items: z.array(ReplayedLetter) }) },
      problems: [],
    }),
    discard: route({
      operation: 'discard_own_dead_letter',
      owner,
      method: 'POST',
      path: '/ops/dead-letters/:letter_id/discard',
      summary: 'Give a dead letter up',
      ...inside,
      params: OfLetter,
      body: DiscardLetter,
      answers: { 200: DeadLetter },
      problems: ['letter-settled'],
    }),
  }
}

export function republishRoute(owner: PublishingService) {
  return route({
    operation: 'republish_own_events',
    owner,
    method: 'POST',
    path: '/ops/events/republish',
    summary: "Send the service's archived events to Kafka again",
    ...inside,
    body: Republish,
    answers: { 200: z.object({ events: z.int() }) },
    problems: [],
  })
}

export const listDeadLetters = route({
  operation: 'list_dead_letters',
  owner: 'ops',
  method: 'GET',
  path: '/ops/dead-letters',
  summary: 'Records that could not be applied and those that wait behind them, of all services, newest first',
  ...operator,
  query: DeadLetterQuery,
  answers: { 200: pageOf(DeadLetter).extend(partial) },
  problems: [],
})

export const getDeadLetter = route({
  operation: 'get_dead_letter',
  owner: 'ops',
  method: 'GET',
  path: '/ops/dead-letters/:letter_id',
  summary: 'One dead letter, with headers and payload',
  ...operator,
  params: OfLetter,
  answers: { 200: DeadLetterDetail },
  problems: [],
})

export const replayDeadLetters = route({
  operation: 'replay_dead_letters',
  owner: 'ops',
  method: 'POST',
  path: '/ops/dead-letters/replay',
  summary:
    'Apply the dead letters of a letter, key, event or error class again; then what waited behind them',
  ...operator,
  body: ReplayLetters,
  answers: { 200: z.object({ items: z.array(ReplayedLetter), ...partial }) },
  problems: [],
})

export const discardDeadLetter = route({
  operation: 'discard_dead_letter',
  owner: 'ops',
  method: 'POST',
  path: '/ops/dead-letters/:letter_id/discard',
  summary: 'Give a dead letter up for good, so that its key goes on without it',
  ...operator,
  params: OfLetter,
  body: DiscardLetter,
  answers: { 200: DeadLetter },
  problems: ['letter-settled'],
})

export const republishEvents = route({
  operation: 'republish_events',
  owner: 'ops',
  method: 'POST',
  path: '/ops/events/republish',
  summary: 'Rebuild Kafka from the archives of the last 14 days: events of a time range are sent again',
  ...operator,
  body: Republish,
  answers: {
    200: z.object({ items: z.array(z.object({ service: z.string(), events: z.int() })), ...partial }),
  },
  problems: [],
})

/** Every route that only operators use. */
export const OPS_ROUTES = [
  listDeadLetters,
  replayDeadLetters,
  getDeadLetter,
  discardDeadLetter,
  republishEvents,
  ...CONSUMERS.flatMap((owner) => Object.values(deadLetterRoutes(owner))),
  ...PUBLISHERS.map(republishRoute),
]

/** `order-17` → `order`. */
export function serviceOf(letterId: string): ConsumingService {
  return letterId.slice(0, letterId.lastIndexOf('-')) as ConsumingService
}

export function numberOf(letterId: string): number {
  return Number(letterId.slice(letterId.lastIndexOf('-') + 1))
}
