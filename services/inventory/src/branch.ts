import { afterWork, type BarrierState, passBarrier, type Phase } from '@lepton/events/tcc/barrier'
import type { ReservationState } from '@lepton/contracts/inventory'
import { type Item, onCancelled, onConfirmed, onPlaced, type Verdict } from './domain.ts'

export interface BranchVerdict {
  barrier: BarrierState
  verdict: Verdict
  /** The coordinator is told that the branch was decided otherwise. */
  isRefused: boolean
}

interface Branch {
  barrier: BarrierState
  state: ReservationState
  items: readonly Item[]
  availableOf: (productId: string) => number
}

/**
 * What the coordinator of a two-phase order asks, met by the barrier and by the reservation itself: the
 * same row that events move, so that a request finds done what an event did, and the other way round.
 */
export function onBranch(phase: Phase, branch: Branch): BranchVerdict {
  const { barrier, state } = branch
  switch (passBarrier(barrier, phase)) {
    case 'repeat':
      return { barrier, verdict: { kind: 'ignore' }, isRefused: phase === 'try' && state === 'RELEASED' }
    case 'refuse':
      return phase === 'try' ? refuseLateTry() : refuse(branch)
    case 'work':
      return work(phase, branch)
  }
}

function work(phase: Phase, branch: Branch): BranchVerdict {
  const { state, items, availableOf } = branch
  const done = (verdict: Verdict): BranchVerdict => ({ barrier: afterWork(phase), verdict, isRefused: false })
  switch (phase) {
    case 'try':
      if (state === 'RELEASED') return refuseLateTry()
      return done(onPlaced(state, items, availableOf))
    case 'confirm': {
      const verdict = onConfirmed(state)
      return verdict.kind === 'anomaly' ? refuse(branch) : done(verdict)
    }
    case 'cancel':
      // What was committed is given back by a refund only, which is no business of the coordinator.
      return state === 'COMMITTED' || state === 'RESTOCKED' ? refuse(branch) : done(onCancelled(state))
  }
}

function refuseLateTry(): BranchVerdict {
  return { barrier: 'CANCELLED', verdict: { kind: 'ignore' }, isRefused: true }
}

function refuse({ barrier }: Branch): BranchVerdict {
  return { barrier, verdict: { kind: 'anomaly' }, isRefused: true }
}
