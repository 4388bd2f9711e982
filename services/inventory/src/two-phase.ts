import type { ReservationState } from '@lepton/contracts/inventory'
import type { Branch } from '@lepton/events/tcc/barrier'
import { type Item, onCancelled, onConfirmed, onPlaced, type Verdict } from './domain.ts'

/**
 * A reservation as a branch of a two-phase order: the same row that events move, so that a request finds done what an
 * event did, and the other way round.
 */
export function stockBranch(
  state: ReservationState,
  items: readonly Item[],
  availableOf: (productId: string) => number,
): Branch<Verdict> {
  return {
    isCancelled: state === 'RELEASED',
    try: () => onPlaced(state, items, availableOf),
    confirm: () => {
      const verdict = onConfirmed(state)
      return verdict.kind === 'anomaly' ? undefined : verdict
    },
    // What was committed is given back by a refund only, which is no business of the coordinator.
    cancel: () => (state === 'COMMITTED' || state === 'RESTOCKED' ? undefined : onCancelled(state)),
  }
}
