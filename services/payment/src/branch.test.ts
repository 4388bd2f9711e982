import { describe, expect, it } from '@jest/globals'
import type { BarrierState, Phase } from '@lepton/events/tcc/barrier'
import type { PaymentState } from '@lepton/contracts/payment'
import { NO_PAYMENT } from '../tests/no-payment.ts'
import { onBranch } from './branch.ts'
import type { Payment } from './domain.ts'

interface Given {
  barrier?: BarrierState
  state?: PaymentState
}

const CANCELLED: PaymentState[] = ['VOIDING', 'VOIDED', 'REFUNDING', 'REFUNDED']

function paymentThatIs(state: PaymentState): Payment {
  return { ...NO_PAYMENT, state, cancelled: CANCELLED.includes(state) }
}

function meet(phase: Phase, { state = 'NONE', ...given }: Given) {
  const { barrier, verdict, isRefused } = onBranch(phase, {
    barrier: 'NONE',
    payment: paymentThatIs(state),
    intent: { customer_id: 'c', amount_minor: 100, currency: 'EUR', payment_token: 'tok_approved' },
    ...given,
  })
  const asks = verdict.task === undefined ? [] : [verdict.task]
  return [barrier, verdict.payment.state, ...asks, isRefused ? 'refused' : 'done'].join(' ')
}

const CELLS: [phase: Phase, barrier: BarrierState, state: PaymentState, expected: string][] = [
  ['try', 'NONE', 'NONE', 'TRIED AUTHORIZING AUTH done'],
  ['try', 'NONE', 'VOIDED', 'CANCELLED VOIDED refused'],
  ['try', 'TRIED', 'AUTHORIZING', 'TRIED AUTHORIZING done'],
  ['try', 'TRIED', 'AUTHORIZED', 'TRIED AUTHORIZED done'],
  ['try', 'TRIED', 'DECLINED', 'TRIED DECLINED done'],
  ['try', 'TRIED', 'VOIDING', 'TRIED VOIDING refused'],
  ['try', 'CONFIRMED', 'CAPTURED', 'CONFIRMED CAPTURED done'],
  ['try', 'CANCELLED', 'VOIDED', 'CANCELLED VOIDED refused'],
  ['confirm', 'NONE', 'NONE', 'NONE NONE refused'],
  ['confirm', 'TRIED', 'AUTHORIZED', 'CONFIRMED CAPTURING CAPTURE done'],
  ['confirm', 'TRIED', 'AUTHORIZING', 'TRIED AUTHORIZING refused'],
  ['confirm', 'TRIED', 'CAPTURED', 'CONFIRMED CAPTURED done'],
  ['confirm', 'TRIED', 'REFUNDED', 'CONFIRMED REFUNDED done'],
  ['confirm', 'TRIED', 'VOIDED', 'TRIED VOIDED refused'],
  ['confirm', 'CANCELLED', 'VOIDED', 'CANCELLED VOIDED refused'],
  ['cancel', 'NONE', 'NONE', 'CANCELLED VOIDED done'],
  ['cancel', 'NONE', 'VOIDED', 'CANCELLED VOIDED done'],
  ['cancel', 'TRIED', 'AUTHORIZING', 'CANCELLED AUTHORIZING done'],
  ['cancel', 'TRIED', 'AUTHORIZED', 'CANCELLED VOIDING VOID done'],
  ['cancel', 'TRIED', 'DECLINED', 'CANCELLED DECLINED done'],
  ['cancel', 'TRIED', 'CAPTURED', 'TRIED CAPTURED refused'],
  ['cancel', 'CANCELLED', 'VOIDING', 'CANCELLED VOIDING done'],
  ['cancel', 'CONFIRMED', 'CAPTURED', 'CONFIRMED CAPTURED refused'],
]

describe('a branch', () => {
  it.each(CELLS)('asked to %s, its barrier %s and its money %s: %s', (phase, barrier, state, expected) => {
    expect(meet(phase, { barrier, state })).toBe(expected)
  })
})

it('confirmed after its capture failed and was voided, both by events, has nothing left to do', () => {
  const payment = { ...paymentThatIs('VOIDED'), decline_reason: 'withdrawn' }

  expect(onBranch('confirm', { barrier: 'TRIED', payment, intent: undefined })).toMatchObject({
    barrier: 'CONFIRMED',
    isRefused: false,
  })
})
