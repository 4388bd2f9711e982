import { z } from 'zod'
import { ServiceName } from './governance.ts'
import { Uuid } from './fields.ts'
import { route } from './route.ts'

// A transaction over two services that are registered as participants: all of them confirm, or all of them cancel.

const Wanted = z
  .strictObject({
    service_a: ServiceName,
    service_b: ServiceName,
    /** What both are asked to prepare. */
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ service_a, service_b }) => service_a !== service_b, {
    path: ['service_b'],
    error: 'must be another service than service_a',
  })
  .meta({ examples: [{ service_a: 'billing', service_b: 'shipping' }] })

/** `CONFIRMING` and `CANCELLING`: it is decided, and a participant has not carried it out yet. */
export const TransactionState = z.enum([
  'TRYING',
  'CONFIRMING',
  'CANCELLING',
  'CONFIRMED',
  'CANCELLED',
  'STOPPED',
])
export type TransactionState = z.infer<typeof TransactionState>

const Transaction = z.object({
  transaction_id: Uuid,
  state: TransactionState,
  /** Why it is cancelled. */
  reason: z.string().nullable(),
  participants: z.array(z.object({ service: z.string(), has_settled: z.boolean() })),
})

const operator = { owner: 'order', access: ['operator'] } as const

export const runTransaction = route({
  ...operator,
  operation: 'run_transaction',
  method: 'POST',
  path: '/transaction',
  summary: 'Have two participants prepare, then confirm; or cancel, where one of them cannot',
  idempotency: 'optional',
  body: Wanted,
  answers: { 200: Transaction.extend({ status: z.literal('success'), message: z.string() }) },
  problems: ['not-found', 'not-a-participant', 'transaction-cancelled', 'branch-settled'],
})

export const getTransaction = route({
  ...operator,
  operation: 'get_transaction',
  method: 'GET',
  path: '/transaction/:transaction_id',
  summary: 'Where a transaction over two participants is',
  params: z.strictObject({ transaction_id: Uuid }),
  answers: { 200: Transaction },
  problems: [],
})

export const TRANSACTION_ROUTES = [runTransaction, getTransaction]
