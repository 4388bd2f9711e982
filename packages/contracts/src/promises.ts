import { z } from 'zod'
import { Violation } from './audit.ts'
import { Instant, Reason } from './fields.ts'
import { partial } from './incomplete.ts'
import type { PromiseId } from './promise-names.ts'
import { route } from './route.ts'

/** They need the customers' own history or the whole log: `pnpm chaos` checks them. */
export const ONLY_BY_CHAOS: readonly PromiseId[] = ['I9', 'I13']

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
