// Values without zod, so that a browser loads these words and nothing else.

export const STATUSES = [
  'SUBMITTED',
  'PLACED',
  'RESERVED',
  'CONFIRMED',
  'COMPLETED',
  'CANCELLING',
  'CANCELLED',
  'REJECTED',
  'REFUNDED',
] as const

/** An order does not leave these. The partial indexes of the order database name them too. */
export const FINAL_STATUSES: readonly (typeof STATUSES)[number][] = [
  'COMPLETED',
  'CANCELLED',
  'REJECTED',
  'REFUNDED',
]

export const CANCEL_REASONS = [
  'OUT_OF_STOCK',
  'DECLINED',
  'CUSTOMER',
  'EXPIRED',
  'REFUND',
  'CAPTURE_FAILED',
] as const

export const PAYMENT_STATES = [
  'NONE',
  'INTENT',
  'AUTHORIZING',
  'AUTHORIZED',
  'DECLINED',
  'CAPTURING',
  'CAPTURED',
  'CAPTURE_FAILED',
  'VOIDING',
  'VOIDED',
  'REFUNDING',
  'REFUNDED',
] as const

export const RESERVATION_STATES = ['NONE', 'HELD', 'REJECTED', 'RELEASED', 'COMMITTED', 'RESTOCKED'] as const

export const PRODUCT_SORTS = ['category', 'name', 'cheapest', 'dearest'] as const
