import { z } from 'zod'
import { eventType } from './event.ts'
import { AmountMinor, Currency, Instant, PaymentToken, text, Uuid } from './fields.ts'
import { PAYMENT_STATES } from './statuses.ts'

export const PayOrder = z.strictObject({ order_id: Uuid, payment_token: PaymentToken }).meta({
  examples: [{ order_id: '01a1fea5-ba4b-71f4-85de-696148493360', payment_token: 'tok_approved' }],
})

export const PaymentState = z.enum(PAYMENT_STATES)
export type PaymentState = z.infer<typeof PaymentState>

export const Payment = z.object({
  order_id: Uuid,
  state: PaymentState,
  amount_minor: AmountMinor.nullable(),
  currency: Currency.nullable(),
  /** Why the card was declined, in the card processor's words. */
  decline_reason: text(200).nullable().optional(),
  captured_minor: AmountMinor,
  refunded_minor: AmountMinor,
  /** Where the money was not moved by the shop alone: changed at the card processor, or settled by hand. */
  note: text(200).nullable().optional(),
  updated_at: Instant,
})

const OrderOnly = z.object({ order_id: Uuid })
/** What the card processor answered. */
const Processed = OrderOnly.extend({
  /** How long (ms) it was asked for; the rest of what an order waited was our own work. */
  processor_ms: z.int().min(0).optional(),
})
const Money = Processed.extend({ amount_minor: AmountMinor, currency: Currency })

export const PaymentAuthorized = eventType('payment.v1', 'payment.authorized.v1', Money)
export const PaymentDeclined = eventType(
  'payment.v1',
  'payment.declined.v1',
  Processed.extend({ decline_reason: text(200) }),
)
export const PaymentCaptured = eventType('payment.v1', 'payment.captured.v1', Money)
export const PaymentCaptureFailed = eventType(
  'payment.v1',
  'payment.capture_failed.v1',
  Processed.extend({ decline_reason: text(200) }),
)
export const PaymentVoided = eventType('payment.v1', 'payment.voided.v1', OrderOnly)
export const PaymentRefunded = eventType('payment.v1', 'payment.refunded.v1', Money)
/** The answer to `order.status_requested.v1`: a snapshot as of its sequence. */
export const PaymentStatus = eventType(
  'payment.v1',
  'payment.status.v1',
  OrderOnly.extend({ state: PaymentState }),
)
