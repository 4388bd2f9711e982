import { describe, expect, it } from '@jest/globals'
import type { PaymentState } from '@lepton/contracts/payment'
import { NO_PAYMENT } from '../tests/no-payment.ts'
import {
  onCancelled,
  onConfirmed,
  onPlaced,
  onStockReserved,
  onToken,
  type Payment,
  type Verdict,
} from './domain.ts'

const none = NO_PAYMENT
const intent = {
  customer_id: 'c',
  amount_minor: 100,
  currency: 'EUR' as const,
  payment_token: 'tok_approved',
}

const payment = (state: PaymentState, rest: Partial<Payment> = {}): Payment => ({ ...none, state, ...rest })

/** The state a verdict leads to, and what it asks for or tells. */
function summary({ payment: { state }, task, publish, isAnomaly }: Verdict): string {
  return [state, task, publish, isAnomaly && 'anomaly'].filter(Boolean).join(' ')
}

describe('an authorisation', () => {
  const steps = {
    intent: (now: Payment) => onPlaced(now, { ...intent, payment_token: null }),
    stock: (now: Payment) => onStockReserved(now),
    token: (now: Payment) => onToken(now, 'tok_approved'),
  }

  it.each([
    ['intent', 'stock', 'token'],
    ['intent', 'token', 'stock'],
    ['stock', 'intent', 'token'],
    ['stock', 'token', 'intent'],
    ['token', 'intent', 'stock'],
    ['token', 'stock', 'intent'],
  ] as const)('begins with the last of %s, %s and %s', (...order) => {
    const verdicts: Verdict[] = []
    let now = none
    for (const step of order) {
      const verdict = steps[step](now)
      verdicts.push(verdict)
      now = verdict.payment
    }
    expect(verdicts.map(({ task }) => task)).toEqual([undefined, undefined, 'AUTH'])
    expect(now.state).toBe('AUTHORIZING')
  })

  it('keeps the card that came before the order', () => {
    const { payment: kept } = onPlaced(onToken(none, 'tok_slow').payment, intent)
    expect(kept.payment_token).toBe('tok_slow')
  })

  it('never begins for a cancelled order', () => {
    const voided = onCancelled(none).payment
    expect(summary(onStockReserved(onPlaced(voided, intent).payment))).toBe('VOIDED')
  })
})

describe('every state', () => {
  const confirmed: [PaymentState, string][] = [
    ['NONE', 'NONE anomaly'],
    ['INTENT', 'INTENT anomaly'],
    ['AUTHORIZING', 'AUTHORIZING anomaly'],
    ['AUTHORIZED', 'CAPTURING CAPTURE'],
    ['DECLINED', 'DECLINED anomaly'],
    ['CAPTURING', 'CAPTURING'],
    ['CAPTURED', 'CAPTURED'],
    ['CAPTURE_FAILED', 'CAPTURE_FAILED'],
    ['VOIDING', 'VOIDING anomaly'],
    ['VOIDED', 'VOIDED anomaly'],
    ['REFUNDING', 'REFUNDING'],
    ['REFUNDED', 'REFUNDED'],
  ]
  const cancelled: [PaymentState, string][] = [
    ['NONE', 'VOIDED voided'],
    ['INTENT', 'VOIDED voided'],
    ['AUTHORIZING', 'AUTHORIZING'],
    ['AUTHORIZED', 'VOIDING VOID'],
    ['DECLINED', 'DECLINED'],
    ['CAPTURING', 'CAPTURING'],
    ['CAPTURED', 'REFUNDING REFUND'],
    ['CAPTURE_FAILED', 'VOIDING VOID'],
    ['VOIDING', 'VOIDING'],
    ['VOIDED', 'VOIDED'],
    ['REFUNDING', 'REFUNDING'],
    ['REFUNDED', 'REFUNDED'],
  ]
  it.each(confirmed)('%s: a confirmation makes it %s', (state, expected) => {
    expect(summary(onConfirmed(payment(state)))).toBe(expected)
  })
  it.each(cancelled)('%s: a cancellation makes it %s', (state, expected) => {
    expect(summary(onCancelled(payment(state)))).toBe(expected)
  })
})
