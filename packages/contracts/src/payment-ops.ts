import { z } from 'zod'
import { AmountMinor, Currency, Cursor, Instant, Limit, pageOf, Reason, Uuid, wholeText } from './fields.ts'
import { Payment, PaymentState } from './payment.ts'
import { ChargeState } from './psp.ts'
import { route } from './route.ts'

// What operators may do about a payment that the card processor does not settle.

const OfOrder = z.strictObject({ order_id: Uuid })

/** An operation that was asked of the card processor and has no outcome yet. */
export const UnsettledPayment = z.object({
  order_id: Uuid,
  state: PaymentState,
  operation: z.enum(['AUTH', 'CAPTURE', 'VOID', 'REFUND']),
  amount_minor: AmountMinor.nullable(),
  currency: Currency.nullable(),
  charge_id: Uuid.nullable(),
  attempts: z.int(),
  /** How often the processor refused for good, so that the next attempt had a new key. */
  generation: z.int(),
  last_error: z.string().nullable(),
  started_at: Instant.nullable(),
  next_at: Instant,
})

export const listUnsettledPayments = route({
  operation: 'list_unsettled_payments',
  owner: 'payment',
  method: 'GET',
  path: '/ops/payments',
  summary: 'Payments that wait for the card processor, oldest first',
  access: ['operator'],
  delegates: ['ops'],
  query: z.strictObject({
    /** Those that were asked at least so often. */
    min_attempts: wholeText(0, 1_000_000).default(3),
    cursor: Cursor.optional(),
    limit: Limit.default(20),
  }),
  answers: { 200: pageOf(UnsettledPayment) },
  problems: [],
})

export const RetryPayment = z
  .strictObject({
    /**
     * A new key also where the outcome of the last request is unknown. Not for an authorisation: under a new key it
     * would be a second charge.
     */
    new_key: z.boolean().default(false),
    reason: Reason,
  })
  .meta({ examples: [{ reason: 'trying it out' }] })

export const retryPayment = route({
  operation: 'retry_payment',
  owner: 'payment',
  method: 'POST',
  path: '/ops/payments/:order_id/retry',
  summary: 'Ask the card processor again now; after a definite refusal that is with a new key',
  access: ['operator'],
  params: OfOrder,
  body: RetryPayment,
  answers: { 202: UnsettledPayment },
  problems: ['payment-settled'],
})

export const SettlePayment = z
  .strictObject({
    /** The state of the charge, as the processor's staff or its dashboard says. */
    charge_state: ChargeState,
    /** Of an authorisation whose answer never came. */
    charge_id: Uuid.optional(),
    reason: Reason,
  })
  .meta({ examples: [{ charge_state: 'CAPTURED', reason: 'trying it out' }] })

export const settlePayment = route({
  operation: 'settle_payment',
  owner: 'payment',
  method: 'POST',
  path: '/ops/payments/:order_id/settle',
  summary: 'Settle by hand what the card processor does not, by the state that its charge is in',
  access: ['operator'],
  params: OfOrder,
  body: SettlePayment,
  answers: { 200: Payment },
  problems: ['payment-settled'],
})

/** `/ops/payments` is the payment service's own: the gateway passes it on. */
export const PAYMENT_OPS_ROUTES = [listUnsettledPayments, retryPayment, settlePayment]
