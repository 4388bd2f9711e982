import type { Operation, Origin, Payment, PspResult, Verdict } from './domain.ts'

const WAITING_FOR = {
  AUTH: 'AUTHORIZING',
  CAPTURE: 'CAPTURING',
  VOID: 'VOIDING',
  REFUND: 'REFUNDING',
} as const

/**
 * What the processor answered, or has booked. An answer that comes twice, or that is not waited for, changes nothing;
 * nor does a refused void or refund, which is asked for again.
 */
export function onResult(payment: Payment, operation: Operation, result: PspResult): Verdict {
  if (payment.state !== WAITING_FOR[operation]) return { payment }
  switch (result.kind) {
    case 'done':
      return onDone(payment, operation, result)
    case 'refused':
      return onRefused(payment, operation, result.reason)
    case 'changed':
      return onChanged(payment, operation, result)
  }
}

function onDone(
  given: Payment,
  operation: Operation,
  { charge_id, origin = 'SHOP' }: Extract<PspResult, { kind: 'done' }>,
): Verdict {
  const payment = noted({ ...given, charge_id }, operation, origin)
  const book = [{ kind: operation, origin }]
  switch (operation) {
    case 'AUTH':
      return payment.cancelled
        ? { payment: { ...payment, state: 'VOIDING' }, task: 'VOID', book }
        : { payment: { ...payment, state: 'AUTHORIZED' }, publish: 'authorized', book }
    case 'CAPTURE':
      return payment.cancelled
        ? { payment: { ...payment, state: 'REFUNDING' }, task: 'REFUND', book }
        : { payment: { ...payment, state: 'CAPTURED' }, publish: 'captured', book }
    case 'VOID':
      return { payment: { ...payment, state: 'VOIDED' }, publish: 'voided', book }
    case 'REFUND':
      return { payment: { ...payment, state: 'REFUNDED' }, publish: 'refunded', book }
  }
}

function onRefused(payment: Payment, operation: Operation, decline_reason: string): Verdict {
  switch (operation) {
    case 'AUTH':
      return { payment: { ...payment, state: 'DECLINED', decline_reason }, publish: 'declined' }
    case 'CAPTURE':
      return payment.cancelled
        ? { payment: { ...payment, state: 'VOIDING', decline_reason }, task: 'VOID' }
        : { payment: { ...payment, state: 'CAPTURE_FAILED', decline_reason }, publish: 'capture_failed' }
    case 'VOID':
    case 'REFUND':
      return { payment }
  }
}

/** Follows a charge that was moved elsewhere, and undoes what is left of it. */
function onChanged(
  given: Payment,
  operation: Operation,
  { charge_id, state, origin }: Extract<PspResult, { kind: 'changed' }>,
): Verdict {
  const note = noteOf(origin, `The charge was ${state} at the card processor before its ${NAME[operation]}.`)
  const payment = { ...given, charge_id, note }
  const booked = (...kinds: Operation[]) => kinds.map((kind) => ({ kind, origin }))
  switch (operation) {
    case 'AUTH':
      return { payment: given }
    case 'CAPTURE':
      // The order gives up, and asks to undo whatever there is: the void then follows the charge.
      return onRefused(payment, operation, note)
    case 'VOID':
      if (state === 'CAPTURED')
        return { payment: { ...payment, state: 'REFUNDING' }, task: 'REFUND', book: booked('CAPTURE') }
      return state === 'REFUNDED'
        ? { payment: { ...payment, state }, publish: 'refunded', book: booked('CAPTURE', 'REFUND') }
        : { payment: { ...payment, state: 'VOIDED' }, publish: 'voided' }
    case 'REFUND':
      return state === 'AUTHORIZED'
        ? { payment: { ...payment, state: 'VOIDING' }, task: 'VOID' }
        : { payment: { ...payment, state: 'REFUNDED' }, publish: 'refunded', book: booked('REFUND') }
  }
}

const NAME: Record<Operation, string> = {
  AUTH: 'authorisation',
  CAPTURE: 'capture',
  VOID: 'void',
  REFUND: 'refund',
}

function noted(payment: Payment, operation: Operation, origin: Origin): Payment {
  if (origin === 'SHOP') return payment
  return { ...payment, note: noteOf(origin, `The ${NAME[operation]} was made at the card processor.`) }
}

function noteOf(origin: Origin, elsewhere: string): string {
  return origin === 'OPERATOR' ? 'Settled by hand.' : elsewhere
}
