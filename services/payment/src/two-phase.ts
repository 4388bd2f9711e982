import type { Branch } from '@lepton/events/tcc/barrier'
import { type Intent, onCancelled, onConfirmed, onTried, type Payment, type Verdict } from './domain.ts'

/**
 * A payment as a branch of a two-phase order: the same row that events move, so that a request finds done what an event
 * did, and the other way round.
 *
 * @param intent what a try asks for
 */
export function paymentBranch(payment: Payment, intent: Intent | undefined): Branch<Verdict> {
  return {
    isCancelled: payment.cancelled,
    try: () => (payment.state === 'NONE' ? onTried(payment, intent!) : { payment }),
    confirm: () => {
      if (wasConfirmed(payment)) return { payment }
      const verdict = onConfirmed(payment)
      return verdict.isAnomaly === true ? undefined : verdict
    },
    // What was captured is given back by a refund only, which is no business of the coordinator. Where the order's own
    // event came first, the card processor may have shown a capture that the shop did not know, and given it back.
    cancel: () =>
      !payment.cancelled && IS_BEYOND_CANCEL.has(payment.state) ? undefined : onCancelled(payment),
  }
}

/** An event confirmed it, the capture failed and was undone: only a refused capture leaves a reason to a void. */
function wasConfirmed({ state, decline_reason }: Payment): boolean {
  return (state === 'VOIDING' || state === 'VOIDED') && decline_reason !== null
}

const IS_BEYOND_CANCEL = new Set(['CAPTURING', 'CAPTURED', 'CAPTURE_FAILED', 'REFUNDING', 'REFUNDED'])
