import { z } from 'zod'
import { Cursor, Instant, Limit, pageOf, Uuid } from './fields.ts'
import { partial } from './incomplete.ts'
import { ExpectedStep } from './ops-orders.ts'
import { CancelReason, PayFlag, Status, StockFlag } from './order.ts'
import { route } from './route.ts'

// Orders in progress, and why those that do not move do not.

const operator = { method: 'GET', access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false } as const

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
