import { z } from 'zod'
import { Violation } from './audit.ts'
import { Instant, Reason } from './fields.ts'
import { partial } from './incomplete.ts'
import { route } from './route.ts'

/** What the shop promises, whatever fails; the invariants that `pnpm chaos` checks. */
export const PROMISES = {
  I1: 'No unit is sold that was not there',
  I2: 'Units in stock, held and sold add up to what was received',
  I3: 'No accepted order is lost',
  I4: 'One key makes one order',
  I5: 'No order is charged twice',
  I6: 'What was captured less what was refunded is what orders cost',
  I7: 'Every order reaches an end',
  I8: 'Orders, stock and payments tell the same story',
  I9: 'Events of an order are on the log in order',
  I10: 'Nothing is lost between database and log',
  I11: 'Every event has its effect once',
  I12: 'An order is the sum of its history',
  I13: 'A customer reads what the customer wrote',
  I14: 'What cannot be applied is kept and shown',
} as const

/** They need the customers' own history or the whole log: `pnpm chaos` checks them. */
export const ONLY_BY_CHAOS: readonly (keyof typeof PROMISES)[] = ['I9', 'I13']

export const PromiseState = z.enum(['kept', 'broken', 'unknown', 'only_by_chaos'])

const CheckedPromise = z.object({
  id: z.string(),
  promise: z.string(),
  state: PromiseState,
  checked_at: Instant.nullable(),
  violations: z.int().nullable(),
  /** The first few of them. */
  sample: z.array(Violation),
})

const Promises = z.object({
  ...partial,
  items: z.array(CheckedPromise),
  /** Whether all orders are being compared now. */
  is_checking: z.boolean(),
  orders: z.int().nullable(),
})
export type Promises = z.infer<typeof Promises>

export const listPromises = route({
  operation: 'list_promises',
  owner: 'ops',
  method: 'GET',
  path: '/ops/promises',
  summary: 'What the shop promises, and whether the last comparison of all orders found it kept',
  access: ['operator'],
  answers: { 200: Promises },
  problems: [],
})

export const checkPromises = route({
  operation: 'check_promises',
  owner: 'ops',
  method: 'POST',
  path: '/ops/promises/check',
  summary: 'Compare all orders now; GET /ops/promises has the result when is_checking is false again',
  access: ['operator'],
  idempotency: 'required',
  body: z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'trying it out' }] }),
  answers: { 202: Promises },
  problems: [],
})

export const PROMISE_ROUTES = [listPromises, checkPromises]
