import { z } from 'zod'
import { Instant, Reason, Uuid } from './fields.ts'
import { route } from './route.ts'

// Derived state that is made again from what it was derived from, while the shop runs.

const Wanted = z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'trying it out' }] })
const operator = { access: ['operator'], problems: [] } as const
const start = { ...operator, method: 'POST', idempotency: 'required', body: Wanted } as const

export const OrderRebuild = z.object({
  run_id: Uuid,
  who: z.string(),
  reason: z.string(),
  started_at: Instant,
  finished_at: Instant.nullable(),
  /** How much of it is done, from 0 to 1. */
  share: z.number(),
  /** Streams that were folded, and the facts in them. */
  orders: z.int(),
  facts: z.int(),
  /** Rows that were not what their stream says, that were not there, and that had no stream. */
  differed: z.int(),
  missing: z.int(),
  removed: z.int(),
  /** Streams with a gap: their rows were left as they were. */
  unreadable: z.int(),
  /** SHA-256 over all rows in the order of their ids, as the run found them and as it left them. */
  digest_before: z.string(),
  digest_after: z.string(),
})
export type OrderRebuild = z.infer<typeof OrderRebuild>

export const rebuildOrders = route({
  ...start,
  operation: 'rebuild_orders',
  owner: 'order',
  path: '/ops/rebuilds/orders',
  summary:
    'Make the state of every order again from its stream, while the shop runs; joins a run in progress',
  answers: { 202: OrderRebuild },
})

export const getOrderRebuild = route({
  ...operator,
  operation: 'get_order_rebuild',
  owner: 'order',
  method: 'GET',
  path: '/ops/rebuilds/orders',
  summary: 'How far the last rebuild of the orders is, and what it found',
  answers: { 200: OrderRebuild },
  problems: ['not-found'],
})

export const REBUILD_ROUTES = [rebuildOrders, getOrderRebuild]
