import type { Charge, ChargeState } from '@lepton/contracts/psp'
import type { Operation, PspResult } from './domain.ts'

/** `open`: the charge is where the operation starts from. `changed`: it was moved past that elsewhere. */
type Meaning = 'open' | 'done' | 'refused' | 'changed'

/** What a state of the charge means for the operation that is still to be done. */
const MEANING: Record<Operation, Record<ChargeState, Meaning>> = {
  // Whatever became of an authorisation since: it was granted, and the next operation finds the rest.
  AUTH: {
    AUTHORIZED: 'done',
    CAPTURED: 'done',
    VOIDED: 'done',
    REFUNDED: 'done',
    EXPIRED: 'done',
    DECLINED: 'refused',
  },
  CAPTURE: {
    AUTHORIZED: 'open',
    CAPTURED: 'done',
    VOIDED: 'changed',
    REFUNDED: 'changed',
    EXPIRED: 'changed',
    DECLINED: 'changed',
  },
  VOID: {
    AUTHORIZED: 'open',
    CAPTURED: 'changed',
    VOIDED: 'done',
    REFUNDED: 'changed',
    EXPIRED: 'changed',
    DECLINED: 'changed',
  },
  REFUND: {
    AUTHORIZED: 'changed',
    CAPTURED: 'open',
    VOIDED: 'changed',
    REFUNDED: 'done',
    EXPIRED: 'changed',
    DECLINED: 'changed',
  },
}

type Seen = Pick<Charge, 'charge_id' | 'state' | 'decline_reason'>

/**
 * The outcome of an operation by the state that its charge is in at the card processor.
 *
 * Undefined where the charge does not say: then the operation is asked for. After a definite refusal it always
 * says: what is done although our request was refused was done elsewhere.
 */
export function outcomeOf(op: Operation, charge: Seen | undefined): PspResult | undefined
export function outcomeOf(op: Operation, charge: Seen | undefined, refusal: string): PspResult
export function outcomeOf(op: Operation, charge: Seen | undefined, refusal?: string): PspResult | undefined {
  const refused = refusal === undefined ? undefined : ({ kind: 'refused', reason: refusal } as const)
  if (charge === undefined) return refused
  const { charge_id, state, decline_reason } = charge
  switch (MEANING[op][state]) {
    case 'open':
      return refused
    case 'refused':
      return { kind: 'refused', reason: refusal ?? decline_reason ?? 'declined' }
    case 'done':
      return { kind: 'done', charge_id, origin: refusal === undefined ? 'SHOP' : 'ELSEWHERE' }
    case 'changed':
      return { kind: 'changed', charge_id, state, origin: 'ELSEWHERE' }
  }
}

/** Whether a refusal does not end the operation: money that is held, or taken, must be given back. */
export function isAskedAgain(op: Operation): boolean {
  return op === 'VOID' || op === 'REFUND'
}

/** Of an order's charges the one we know, else one that was not declined. */
export function chargeOf(charges: readonly Charge[], charge_id: string | null): Charge | undefined {
  return (
    charges.find((charge) => charge.charge_id === charge_id) ??
    charges.find(({ state }) => state !== 'DECLINED') ??
    charges[0]
  )
}
