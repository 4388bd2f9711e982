import { z } from 'zod'
import { AmountMinor, Currency, Instant, PaymentToken, text, Uuid } from './fields.ts'
import { route } from './route.ts'

/** The card tokens that the simulated processor knows, and how each behaves. */
export const TEST_CARDS = {
  tok_approved: 'approved at once',
  tok_declined: 'declined: insufficient funds',
  tok_slow: 'approved after 3 seconds',
  tok_timeout: 'approved and booked, but the first answer never comes',
  tok_error_after_commit: 'approved and booked, but the first answer is a 500',
  tok_capture_fails: 'approved, but the capture is refused for good',
  tok_webhook_twice: 'approved, and everything about it is told twice',
  tok_broken: 'refused for good: the processor does not take this card',
} as const

export const Authorize = z.strictObject({
  /** The merchant's own reference: the order id. */
  merchant_reference: Uuid,
  amount_minor: AmountMinor,
  currency: Currency,
  payment_token: PaymentToken,
})

export const Charge = z.object({
  charge_id: Uuid,
  merchant_reference: Uuid,
  state: z.enum(['AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED', 'REFUNDED']),
  amount_minor: AmountMinor,
  currency: Currency,
  decline_reason: text(200).nullable(),
})
export type Charge = z.infer<typeof Charge>

export const ChargeList = z.object({ items: z.array(Charge) })

export const ChargeRefused = z.object({ detail: text(200) })

/** What the processor tells the merchant about a charge, signed, at least once and in any order. */
export const ChargeWebhook = z.strictObject({
  event_id: Uuid,
  type: z.enum([
    'charge.authorized',
    'charge.declined',
    'charge.captured',
    'charge.voided',
    'charge.refunded',
  ]),
  merchant_reference: Uuid,
  charge_id: Uuid,
  created_at: Instant,
})
export type ChargeWebhook = z.infer<typeof ChargeWebhook>

const OfCharge = z.strictObject({ charge_id: Uuid })

export const createCharge = route({
  operation: 'create_charge',
  owner: 'psp',
  method: 'POST',
  path: '/charges',
  summary: 'Authorise an amount on a card',
  access: ['anyone'],
  idempotency: 'required',
  body: Authorize,
  answers: { 200: Charge, 422: ChargeRefused },
  problems: [],
})

export const moveCharge = route({
  operation: 'move_charge',
  owner: 'psp',
  method: 'POST',
  path: '/charges/:charge_id/:move',
  summary: 'Capture, void or refund a charge in full',
  access: ['anyone'],
  idempotency: 'required',
  params: OfCharge.extend({ move: z.enum(['capture', 'void', 'refund']) }),
  answers: { 200: Charge, 422: ChargeRefused },
  problems: [],
})

export const listCharges = route({
  operation: 'list_charges',
  owner: 'psp',
  method: 'GET',
  path: '/charges',
  summary: "A merchant's charges by its own reference",
  access: ['anyone'],
  query: z.strictObject({ merchant_reference: Uuid }),
  answers: { 200: ChargeList },
  problems: [],
})
