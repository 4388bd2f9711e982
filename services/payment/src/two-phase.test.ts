import { describe, expect, it } from '@jest/globals'
import { type BarrierState, meetBranch, type Phase } from '@lepton/events/tcc/barrier'
import type { PaymentState } from '@lepton/contracts/payment'
import { NO_PAYMENT } from '../tests/no-payment.ts'
import type { Payment } from './domain.ts'
import { paymentBranch } from './two-phase.ts'

interface Given {
  barrier?: BarrierState
  state?: PaymentState
}

const CANCELLED: PaymentState[] = ['VOIDING', 'VOIDED', 'REFUNDING', 'REFUNDED']

function paymentThatIs(state: PaymentState): Payment {
  return { ...NO_PAYMENT, state, cancelled: CANCELLED.includes(state) }
}

const INTENT = {
  customer_id: 'c',
  amount_minor: 100,
  currency: 'EUR',
  payment_token: 'tok_approved',
} as const

function meet(phase: Phase, { state = 'NONE', barrier = 'NONE' }: Given) {
  const payment = paymentThatIs(state)
  const met = meetBranch(barrier, phase, paymentBranch(payment, INTENT))
  const asks = met.verdict?.task === undefined ? [] : [met.verdict.task]
  const after = (met.verdict?.payment ?? payment).state
  return [met.barrier, after, ...asks, met.is === 'done' ? 'done' : 'refused'].join(' ')
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
  ['cancel', 'TRIED', 'REFUNDING', 'CANCELLED REFUNDING done'],
  ['cancel', 'TRIED', 'REFUNDED', 'CANCELLED REFUNDED done'],
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

  expect(meetBranch('TRIED', 'confirm', paymentBranch(payment, undefined))).toMatchObject({
    barrier: 'CONFIRMED',
    is: 'done',
  })
})
