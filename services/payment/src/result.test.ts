import { describe, expect, it } from '@jest/globals'
import type { PaymentState } from '@lepton/contracts/payment'
import type { Charge, ChargeState } from '@lepton/contracts/psp'
import { NO_PAYMENT } from '../tests/no-payment.ts'
import type { Operation, Origin, Payment, PspResult, Verdict } from './domain.ts'
import { chargeOf, outcomeOf } from './outcome.ts'
import { onResult } from './result.ts'

function payment(state: PaymentState, cancelled = false): Payment {
  return {
    ...NO_PAYMENT,
    customer_id: 'c',
    state,
    amount_minor: 100,
    currency: 'EUR',
    payment_token: 'tok_approved',
    has_intent: true,
    has_stock: true,
    cancelled,
    charge_id: 'ch',
  }
}

/** The state a verdict leads to, what it asks for, tells and books. */
function summary({ payment: { state }, task, publish, book = [] }: Verdict): string {
  const books = book.map(({ kind, origin }) => `+${kind}${origin === 'SHOP' ? '' : ` ${origin}`}`)
  return [state, task, publish, ...books].filter(Boolean).join(' ')
}

const done: PspResult = { kind: 'done', charge_id: 'ch' }
const refused: PspResult = { kind: 'refused', reason: 'no' }
const WAITING: Record<Operation, PaymentState> = {
  AUTH: 'AUTHORIZING',
  CAPTURE: 'CAPTURING',
  VOID: 'VOIDING',
  REFUND: 'REFUNDING',
}
const OPERATIONS = Object.keys(WAITING) as Operation[]
const STATES: ChargeState[] = ['AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED', 'REFUNDED', 'EXPIRED']

function charge(state: ChargeState, charge_id = 'ch'): Charge {
  return {
    charge_id,
    merchant_reference: 'order',
    state,
    amount_minor: 100,
    currency: 'EUR',
    decline_reason: state === 'DECLINED' ? 'no money' : null,
  }
}

describe('an answer of the processor', () => {
  const answers: [Operation, PspResult, cancelled: boolean, expected: string][] = [
    ['AUTH', done, false, 'AUTHORIZED authorized +AUTH'],
    ['AUTH', done, true, 'VOIDING VOID +AUTH'],
    ['AUTH', refused, false, 'DECLINED declined'],
    ['AUTH', refused, true, 'DECLINED declined'],
    ['CAPTURE', done, false, 'CAPTURED captured +CAPTURE'],
    ['CAPTURE', done, true, 'REFUNDING REFUND +CAPTURE'],
    ['CAPTURE', refused, false, 'CAPTURE_FAILED capture_failed'],
    ['CAPTURE', refused, true, 'VOIDING VOID'],
    ['VOID', done, true, 'VOIDED voided +VOID'],
    ['VOID', refused, true, 'VOIDING'],
    ['REFUND', done, true, 'REFUNDED refunded +REFUND'],
    ['REFUND', refused, true, 'REFUNDING'],
  ]
  it.each(answers)('%s %j, cancelled %s: %s', (operation, result, isCancelled, expected) => {
    expect(summary(onResult(payment(WAITING[operation], isCancelled), operation, result))).toBe(expected)
  })

  it('that is not waited for changes nothing', () => {
    for (const operation of OPERATIONS) {
      for (const result of [done, refused])
        expect(summary(onResult(payment('AUTHORIZED'), operation, result))).toBe('AUTHORIZED')
    }
  })
})

describe('a charge in a state', () => {
  const meanings: [Operation, ChargeState, unasked: string, refused: string][] = [
    ['AUTH', 'AUTHORIZED', 'done SHOP', 'done ELSEWHERE'],
    ['AUTH', 'DECLINED', 'refused no money', 'refused no'],
    ['AUTH', 'CAPTURED', 'done SHOP', 'done ELSEWHERE'],
    ['AUTH', 'VOIDED', 'done SHOP', 'done ELSEWHERE'],
    ['AUTH', 'REFUNDED', 'done SHOP', 'done ELSEWHERE'],
    ['AUTH', 'EXPIRED', 'done SHOP', 'done ELSEWHERE'],
    ['CAPTURE', 'AUTHORIZED', 'unknown', 'refused no'],
    ['CAPTURE', 'DECLINED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['CAPTURE', 'CAPTURED', 'done SHOP', 'done ELSEWHERE'],
    ['CAPTURE', 'VOIDED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['CAPTURE', 'REFUNDED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['CAPTURE', 'EXPIRED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['VOID', 'AUTHORIZED', 'unknown', 'refused no'],
    ['VOID', 'DECLINED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['VOID', 'CAPTURED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['VOID', 'VOIDED', 'done SHOP', 'done ELSEWHERE'],
    ['VOID', 'REFUNDED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['VOID', 'EXPIRED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['REFUND', 'AUTHORIZED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['REFUND', 'DECLINED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['REFUND', 'CAPTURED', 'unknown', 'refused no'],
    ['REFUND', 'VOIDED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
    ['REFUND', 'REFUNDED', 'done SHOP', 'done ELSEWHERE'],
    ['REFUND', 'EXPIRED', 'changed ELSEWHERE', 'changed ELSEWHERE'],
  ]
  it.each(meanings)(
    '%s of a charge that is %s: %s; after a refusal %s',
    (op, state, unasked, afterRefusal) => {
      expect(shown(outcomeOf(op, charge(state)))).toBe(unasked)
      expect(shown(outcomeOf(op, charge(state), 'no'))).toBe(afterRefusal)
    },
  )

  it('that is not there decides nothing, unless it was refused', () => {
    for (const op of OPERATIONS) {
      expect(outcomeOf(op, undefined)).toBeUndefined()
      expect(shown(outcomeOf(op, undefined, 'no'))).toBe('refused no')
    }
  })

  it('is the one we know among several, or one that was granted', () => {
    const charges = [charge('DECLINED', 'a'), charge('VOIDED', 'b'), charge('AUTHORIZED', 'c')]
    expect([chargeOf(charges, 'c'), chargeOf(charges, null), chargeOf([], 'c')]).toEqual([
      charges[2],
      charges[1],
      undefined,
    ])
  })
})

describe('a charge that was moved elsewhere', () => {
  const changes: [Operation, ChargeState, expected: string][] = [
    ['CAPTURE', 'VOIDED', 'CAPTURE_FAILED capture_failed'],
    ['CAPTURE', 'EXPIRED', 'CAPTURE_FAILED capture_failed'],
    ['CAPTURE', 'DECLINED', 'CAPTURE_FAILED capture_failed'],
    ['CAPTURE', 'REFUNDED', 'CAPTURE_FAILED capture_failed'],
    ['VOID', 'CAPTURED', 'REFUNDING REFUND +CAPTURE ELSEWHERE'],
    ['VOID', 'REFUNDED', 'REFUNDED refunded +CAPTURE ELSEWHERE +REFUND ELSEWHERE'],
    ['VOID', 'EXPIRED', 'VOIDED voided'],
    ['VOID', 'DECLINED', 'VOIDED voided'],
    ['REFUND', 'AUTHORIZED', 'VOIDING VOID'],
    ['REFUND', 'VOIDED', 'REFUNDED refunded +REFUND ELSEWHERE'],
    ['REFUND', 'EXPIRED', 'REFUNDED refunded +REFUND ELSEWHERE'],
    ['REFUND', 'DECLINED', 'REFUNDED refunded +REFUND ELSEWHERE'],
  ]
  it.each(changes)('asked to %s while it is %s: %s, and it says so', (op, state, expected) => {
    for (const origin of ['ELSEWHERE', 'OPERATOR'] as Origin[]) {
      const verdict = onResult(payment(WAITING[op]), op, { kind: 'changed', charge_id: 'ch', state, origin })
      expect(summary(verdict)).toBe(expected.replaceAll('ELSEWHERE', origin))
      expect(verdict.payment.note).toMatch(origin === 'OPERATOR' ? /by hand/ : /at the card processor/)
    }
  })

  it('leaves no state of it without an end: settled, or moved on', () => {
    for (const op of OPERATIONS) {
      for (const state of STATES) {
        const result = outcomeOf(op, charge(state), 'no')
        const { payment: after } = onResult(payment(WAITING[op]), op, result)
        // Only a void of what is held, and a refund of what is taken, are asked for once more.
        const isOpen = after.state === WAITING[op]
        expect([op, state, isOpen]).toEqual([
          op,
          state,
          `${op} ${state}` === 'VOID AUTHORIZED' || `${op} ${state}` === 'REFUND CAPTURED',
        ])
      }
    }
  })
})

function shown(result: PspResult | undefined): string {
  if (result === undefined) return 'unknown'
  return `${result.kind} ${result.kind === 'refused' ? result.reason : result.origin}`
}
