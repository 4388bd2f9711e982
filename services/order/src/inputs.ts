import type { ReservationState } from '@lepton/contracts/inventory'
import type { PaymentState } from '@lepton/contracts/payment'
import type { Input } from './state-table.ts'

/** A participant's state counts as the event that led to it. */
export const RESERVATION_INPUT: Record<ReservationState, Input['name']> = {
  NONE: 'nothing_yet',
  HELD: 'stock_reserved',
  REJECTED: 'stock_rejected',
  RELEASED: 'stock_released',
  COMMITTED: 'stock_committed',
  RESTOCKED: 'stock_restocked',
}

export const PAYMENT_INPUT: Record<PaymentState, Input['name']> = {
  NONE: 'nothing_yet',
  INTENT: 'nothing_yet',
  AUTHORIZING: 'nothing_yet',
  AUTHORIZED: 'payment_authorized',
  DECLINED: 'payment_declined',
  CAPTURING: 'payment_authorized',
  CAPTURED: 'payment_captured',
  CAPTURE_FAILED: 'payment_capture_failed',
  VOIDING: 'nothing_yet',
  VOIDED: 'payment_voided',
  REFUNDING: 'nothing_yet',
  REFUNDED: 'payment_refunded',
}
