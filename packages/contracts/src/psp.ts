import { z } from 'zod'
import { AmountMinor, Currency, Instant, PaymentToken, text, Uuid } from './fields.ts'
import { route } from './route.ts'

export const Authorize = z.strictObject({
  /** The merchant's own reference: the order id. */
  merchant_reference: Uuid,
  amount_minor: AmountMinor,
  currency: Currency,
  payment_token: PaymentToken,
})

/** EXPIRED: the authorisation lapsed before anybody captured or voided it. Nothing is held any more. */
export const ChargeState = z.enum(['AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED', 'REFUNDED', 'EXPIRED'])
export type ChargeState = z.infer<typeof ChargeState>

export const Charge = z.object({
  charge_id: Uuid,
  merchant_reference: Uuid,
  state: ChargeState,
  amount_minor: AmountMinor,
  currency: Currency,
  decline_reason: text(200).nullable(),
})
export type Charge = z.infer<typeof Charge>

export const ChargeList = z.object({ items: z.array(Charge) })

/**
 * The processor's decision against a request, kept under its key: a 402, or a 422 with this body (the card is not
 * taken, or the charge is in another state). Every other status, and a problem document, decides nothing.
 */
export const ChargeRefused = z.object({ detail: text(200) })

/**
 * What the processor tells the merchant about a charge, signed, at least once and in any order. It is the
 * processor's schema, not ours: fields and types that it may add later are no fault.
 */
export const ChargeWebhook = z
  .object({
    event_id: Uuid,
    /** `charge.` and the state that the charge is in by then. */
    type: text(100),
    merchant_reference: Uuid,
    charge_id: Uuid,
    created_at: Instant,
  })
  .meta({
    examples: [
      {
        event_id: '01a1fea5-ba4b-71f4-85de-696148493361',
        type: 'charge.captured',
        merchant_reference: '01a1fea5-ba4b-71f4-85de-696148493360',
        charge_id: '01a1fea5-ba4b-71f4-85de-696148493362',
        created_at: '2026-01-01T00:00:00Z',
      },
    ],
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
  answers: { 200: Charge, 402: ChargeRefused, 422: ChargeRefused },
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
  answers: { 200: Charge, 402: ChargeRefused, 422: ChargeRefused },
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
