import type { Payment } from '../src/domain.ts'

/** A payment that nothing is known of yet, for tests of decisions. */
export const NO_PAYMENT: Payment = {
  order_id: '01890000-0000-7000-8000-000000000001',
  customer_id: null,
  state: 'NONE',
  amount_minor: null,
  currency: null,
  payment_token: null,
  has_intent: false,
  has_stock: false,
  cancelled: false,
  charge_id: null,
  decline_reason: null,
  note: null,
  pub_seq: 0,
  last_order_seq: 0,
  last_inv_seq: 0,
  updated_at: '2026-01-01T00:00:00.000Z',
}
