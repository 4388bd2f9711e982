import { z } from 'zod'
import { AmountMinor, Currency, PaymentToken, text, Uuid } from './fields.ts'

/** The card tokens that the simulated processor knows, and how each behaves. */
export const TEST_CARDS = {
  tok_approved: 'approved at once',
  tok_declined: 'declined: insufficient funds',
  tok_slow: 'approved after 3 seconds',
  tok_timeout: 'approved and booked, but the first answer never comes',
  tok_error_after_commit: 'approved and booked, but the first answer is a 500',
  tok_capture_fails: 'approved, but the capture is refused for good',
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
