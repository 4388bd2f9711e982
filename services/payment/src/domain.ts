import type { PaymentState } from '@lepton/contracts/payment'
import type { ChargeState } from '@lepton/contracts/psp'

export interface Payment {
  order_id: string
  customer_id: string | null
  state: PaymentState
  amount_minor: number | null
  currency: 'EUR' | null
  payment_token: string | null
  has_intent: boolean
  has_stock: boolean
  cancelled: boolean
  charge_id: string | null
  decline_reason: string | null
  /** Set where the money was not moved by the shop alone. */
  note: string | null
  pub_seq: number
  last_order_seq: number
  last_inv_seq: number
  updated_at: string
}

/** A payment that nothing is known of yet, equal to the defaults of its table. */
export const newPayment = (order_id: string, updated_at: string): Payment => ({
  order_id,
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
  updated_at,
})

export type Operation = 'AUTH' | 'CAPTURE' | 'VOID' | 'REFUND'
export type Published = 'authorized' | 'declined' | 'captured' | 'capture_failed' | 'voided' | 'refunded'

/** Who moved the money. */
export type Origin = 'SHOP' | 'ELSEWHERE' | 'OPERATOR'

export type PspResult =
  | { kind: 'done'; charge_id: string; origin?: Origin }
  | { kind: 'refused'; reason: string }
  /** The charge is in a state that the operation neither starts from nor leads to. */
  | { kind: 'changed'; charge_id: string; state: ChargeState; origin: Origin }

export interface Verdict {
  payment: Payment
  /** What the processor is to do next. */
  task?: Operation
  publish?: Published
  /** What moved on the charge, for our own books. */
  book?: readonly { kind: Operation; origin: Origin }[]
  isAnomaly?: true
}

/** What an order asks of its payment, as the order was placed. */
export interface Intent {
  customer_id: string
  amount_minor: number
  currency: 'EUR'
  payment_token: string | null
}

export function onPlaced(payment: Payment, { payment_token, ...intent }: Intent): Verdict {
  if (payment.has_intent) return { payment }
  const state = payment.state === 'NONE' ? 'INTENT' : payment.state
  return begin({
    ...payment,
    ...intent,
    payment_token: payment.payment_token ?? payment_token,
    has_intent: true,
    state,
  })
}

/** The try of a two-phase order: its coordinator asks for the units itself, so nothing else is waited for. */
export function onTried(payment: Payment, intent: Intent): Verdict {
  const tried = { ...payment, ...intent, has_intent: true, has_stock: true, cancelled: false }
  return { payment: { ...tried, state: 'AUTHORIZING' }, task: 'AUTH' }
}

export function onStockReserved(payment: Payment): Verdict {
  return begin({ ...payment, has_stock: true })
}

export function onToken(payment: Payment, payment_token: string): Verdict {
  return begin({ ...payment, payment_token })
}

/** Intent, stock and token come from three sides in any order: the last one starts the authorisation. */
function begin(payment: Payment): Verdict {
  const isReady = payment.has_intent && payment.has_stock && payment.payment_token !== null
  return isReady && payment.state === 'INTENT'
    ? { payment: { ...payment, state: 'AUTHORIZING' }, task: 'AUTH' }
    : { payment }
}

export function onConfirmed(payment: Payment): Verdict {
  switch (payment.state) {
    case 'AUTHORIZED':
      return { payment: { ...payment, state: 'CAPTURING' }, task: 'CAPTURE' }
    case 'CAPTURING':
    case 'CAPTURED':
    case 'CAPTURE_FAILED':
    case 'REFUNDING':
    case 'REFUNDED':
      return { payment }
    case 'NONE':
    case 'INTENT':
    case 'AUTHORIZING':
    case 'DECLINED':
    case 'VOIDING':
    case 'VOIDED':
      return { payment, isAnomaly: true }
  }
}

/** Undoes what was done. What the processor is asked right now is finished first, and then undone. */
export function onCancelled(given: Payment): Verdict {
  const payment = { ...given, cancelled: true }
  switch (payment.state) {
    case 'NONE':
    case 'INTENT':
      return { payment: { ...payment, state: 'VOIDED' }, publish: 'voided' }
    case 'AUTHORIZED':
    case 'CAPTURE_FAILED':
      return { payment: { ...payment, state: 'VOIDING' }, task: 'VOID' }
    case 'CAPTURED':
      return { payment: { ...payment, state: 'REFUNDING' }, task: 'REFUND' }
    case 'AUTHORIZING':
    case 'CAPTURING':
    case 'DECLINED':
    case 'VOIDING':
    case 'VOIDED':
    case 'REFUNDING':
    case 'REFUNDED':
      return { payment }
  }
}
