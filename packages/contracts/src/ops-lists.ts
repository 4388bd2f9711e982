import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, ProductId, text, Uuid, wholeText } from './fields.ts'
import { partial } from './incomplete.ts'
import { type ConsumingService, CONSUMERS, type PublishingService, PUBLISHERS } from './ops.ts'
import { ExpectedStep } from './ops-orders.ts'
import { CancelReason, PayFlag, Status, StockFlag } from './order.ts'
import { route } from './route.ts'

// Lists for operators: what is in progress, what went wrong, what there is, what was done.

const operator = { method: 'GET', access: ['operator'], problems: [] } as const
const inside = { ...operator, exposed: false } as const

/** Orders that are not settled, by where they are. */
export const SagaStep = z.object({
  decision: z.enum(['OPEN', 'CONFIRMED', 'CANCELLED']),
  stock: StockFlag,
  pay: PayFlag,
  waits_for_customer: z.boolean(),
  count: z.int(),
  oldest_at: Instant,
  /** How long (s) 95 of 100 of them have been there. */
  p95_s: z.number(),
})

const StuckOrder = z.object({
  order_id: Uuid,
  status: Status,
  reason: CancelReason.nullable(),
  updated_at: Instant,
  /** How often its participants were asked where they are. */
  asks: z.int(),
  waits_for: ExpectedStep.nullable(),
})

export const getOwnSagas = route({
  ...inside,
  operation: 'get_own_sagas',
  owner: 'order',
  path: '/ops/sagas',
  summary: 'Orders in progress by step, and those that have not moved for 30 seconds',
  answers: { 200: z.object({ steps: z.array(SagaStep), stuck: z.array(StuckOrder) }) },
})

/** Why an order does not move, as far as it can be seen from outside. */
export const STUCK_BECAUSE = [
  'no_instance',
  'dead_letter',
  'processor_slow',
  'outbox_waits',
  'consumer_lags',
  'unknown',
] as const

export const getSagas = route({
  ...operator,
  operation: 'get_sagas',
  owner: 'ops',
  path: '/ops/sagas',
  summary: 'Orders in progress by step, and why those that have not moved for 30 seconds do not',
  answers: {
    200: z.object({
      ...partial,
      steps: z.array(SagaStep),
      stuck: z.array(
        StuckOrder.extend({
          because: z.enum(STUCK_BECAUSE),
          /** What it is that the reason is about: a service, a letter, an error. */
          detail: z.string().nullable(),
        }),
      ),
    }),
  },
})
export type Sagas = z.infer<(typeof getSagas.answers)[200]>

export const listAnomalies = route({
  ...operator,
  operation: 'list_anomalies',
  owner: 'order',
  path: '/ops/anomalies',
  summary: 'Inputs that the state table calls impossible, newest first',
  query: z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(50) }),
  answers: {
    200: pageOf(
      z.object({
        id: z.int(),
        order_id: Uuid,
        input: z.string(),
        decision: z.string(),
        event_id: Uuid.nullable(),
        at: Instant,
      }),
    ),
  },
})

const GROUPED_BY = ['error_class', 'event_type', 'key', 'consumer'] as const
const GroupQuery = z.strictObject({ by: z.enum(GROUPED_BY).default('error_class') })
const LetterGroup = z.object({
  /** The error class, event type or key; the topic that is read, for `consumer`. */
  value: z.string().nullable(),
  dead: z.int(),
  blocked: z.int(),
  first_failed_at: Instant,
  last_failed_at: Instant,
})

export function letterGroupsRoute(owner: ConsumingService) {
  return route({
    ...inside,
    operation: 'group_own_dead_letters',
    owner,
    path: '/ops/dead-letters/groups',
    summary: "The service's open dead letters in groups",
    query: GroupQuery,
    answers: { 200: z.object({ items: z.array(LetterGroup) }) },
  })
}

export const groupDeadLetters = route({
  ...operator,
  operation: 'group_dead_letters',
  owner: 'ops',
  path: '/ops/dead-letters/groups',
  summary: 'Open dead letters of all services in groups, the largest first',
  query: GroupQuery,
  answers: {
    200: z.object({ ...partial, items: z.array(LetterGroup.extend({ service: z.string() })) }),
  },
})

export const listStock = route({
  ...operator,
  operation: 'list_stock',
  owner: 'inventory',
  path: '/ops/stock',
  summary: 'Units of all products: available + held + committed = received',
  query: z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(100) }),
  answers: {
    200: pageOf(
      z.object({
        product_id: ProductId,
        name: z.string(),
        category: z.string(),
        available: z.int(),
        held: z.int(),
        committed: z.int(),
        received: z.int(),
      }),
    ),
  },
})

export const listHeld = route({
  ...operator,
  operation: 'list_held',
  owner: 'inventory',
  path: '/ops/reservations',
  summary: 'Reservations that hold units, those that are due first',
  query: z.strictObject({
    /** Only those whose time is over. */
    overdue: z.enum(['true', 'false']).default('false'),
    limit: Limit.default(50),
  }),
  answers: {
    200: z.object({
      items: z.array(z.object({ order_id: Uuid, units: z.int(), hold_until: Instant, updated_at: Instant })),
    }),
  },
})

const ActionQuery = z.strictObject({
  /** Those that are older than this. */
  before: Instant.optional(),
  limit: Limit.default(50),
})
const OperatorAction = z.object({
  at: Instant,
  who: z.string(),
  action: z.string(),
  target: z.string(),
  reason: z.string().nullable(),
  result: z.string().nullable(),
})
export type OperatorAction = z.infer<typeof OperatorAction>

export function actionsRoute(owner: PublishingService) {
  return route({
    ...inside,
    operation: 'list_own_actions',
    owner,
    path: '/ops/actions',
    summary: 'What operators did at the service, from its audit trail',
    query: ActionQuery,
    answers: { 200: z.object({ items: z.array(OperatorAction) }) },
  })
}

export const listActions = route({
  ...operator,
  operation: 'list_actions',
  owner: 'ops',
  path: '/ops/actions',
  summary:
    'What operators did, newest first: the audit trails of all services, and what was done to processes since ops started',
  query: ActionQuery,
  answers: {
    200: z.object({ ...partial, items: z.array(OperatorAction.extend({ service: z.string() })) }),
  },
})

export const LogLine = z.object({
  at: Instant,
  level: z.string(),
  service: z.string(),
  instance: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
})
export type LogLine = z.infer<typeof LogLine>

export const listLogs = route({
  ...operator,
  problems: ['not-possible-here'],
  operation: 'list_logs',
  owner: 'ops',
  path: '/ops/logs',
  summary: 'The latest lines that the processes have logged, oldest first',
  query: z.strictObject({
    /** A service or an instance. */
    service: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -')
      .optional(),
    /** This level and those above it. */
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    order_id: Uuid.optional(),
    /** What the line must hold. */
    query: text(100).optional(),
    lines: wholeText(1, 500).default(200),
  }),
  answers: { 200: z.object({ as_of: Instant, items: z.array(LogLine) }) },
})

export const OPS_LIST_ROUTES = [
  getSagas,
  getOwnSagas,
  listAnomalies,
  groupDeadLetters,
  listStock,
  listHeld,
  listActions,
  listLogs,
  ...CONSUMERS.map(letterGroupsRoute),
  ...PUBLISHERS.map(actionsRoute),
]
