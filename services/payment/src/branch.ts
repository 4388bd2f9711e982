import { afterWork, type BarrierState, passBarrier, type Phase } from '@lepton/events/tcc/barrier'
import { type Intent, onCancelled, onConfirmed, onTried, type Payment, type Verdict } from './domain.ts'

export interface BranchVerdict {
  barrier: BarrierState
  verdict: Verdict
  /** The coordinator is told that the branch was decided otherwise. */
  isRefused: boolean
}

interface Branch {
  barrier: BarrierState
  payment: Payment
  /** What a try asks for. */
  intent: Intent | undefined
}

/**
 * What the coordinator of a two-phase order asks, met by the barrier and by the payment itself: the same
 * row that events move, so that a request finds done what an event did, and the other way round.
 */
export function onBranch(phase: Phase, branch: Branch): BranchVerdict {
  const { barrier, payment } = branch
  switch (passBarrier(barrier, phase)) {
    case 'repeat':
      return { barrier, verdict: { payment }, isRefused: phase === 'try' && payment.cancelled }
    case 'refuse':
      return phase === 'try' ? refuseLateTry(branch) : refuse(branch)
    case 'work':
      return work(phase, branch)
  }
}

function work(phase: Phase, branch: Branch): BranchVerdict {
  const { payment, intent } = branch
  const done = (verdict: Verdict): BranchVerdict => ({ barrier: afterWork(phase), verdict, isRefused: false })
  switch (phase) {
    case 'try':
      if (payment.cancelled) return refuseLateTry(branch)
      return done(payment.state === 'NONE' ? onTried(payment, intent!) : { payment })
    case 'confirm': {
      if (wasConfirmed(payment)) return done({ payment })
      const verdict = onConfirmed(payment)
      return verdict.isAnomaly === true ? refuse(branch) : done(verdict)
    }
    case 'cancel':
      // What was captured is given back by a refund only, which is no business of the coordinator.
      return IS_BEYOND_CANCEL.has(payment.state) ? refuse(branch) : done(onCancelled(payment))
  }
}

/** An event confirmed it, the capture failed and was undone: only a refused capture leaves a reason to a void. */
function wasConfirmed({ state, decline_reason }: Payment): boolean {
  return (state === 'VOIDING' || state === 'VOIDED') && decline_reason !== null
}

const IS_BEYOND_CANCEL = new Set(['CAPTURING', 'CAPTURED', 'CAPTURE_FAILED', 'REFUNDING', 'REFUNDED'])

function refuseLateTry({ payment }: Branch): BranchVerdict {
  return { barrier: 'CANCELLED', verdict: { payment }, isRefused: true }
}

function refuse({ barrier, payment }: Branch): BranchVerdict {
  return { barrier, verdict: { payment, isAnomaly: true }, isRefused: true }
}
