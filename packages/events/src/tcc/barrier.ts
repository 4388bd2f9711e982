/** `NONE` is a branch that was neither tried nor cancelled. */
export type BarrierState = 'NONE' | 'TRIED' | 'CONFIRMED' | 'CANCELLED'
export type Phase = 'try' | 'confirm' | 'cancel'

/** `work` changes the branch; `repeat` was done before; `refuse` must not be done any more. */
export type Passage = 'work' | 'repeat' | 'refuse'

const PASSAGES = {
  try: { NONE: 'work', TRIED: 'repeat', CONFIRMED: 'repeat', CANCELLED: 'refuse' },
  confirm: { NONE: 'refuse', TRIED: 'work', CONFIRMED: 'repeat', CANCELLED: 'refuse' },
  cancel: { NONE: 'work', TRIED: 'work', CONFIRMED: 'refuse', CANCELLED: 'repeat' },
} as const satisfies Record<Phase, Record<BarrierState, Passage>>

const AFTER = { try: 'TRIED', confirm: 'CONFIRMED', cancel: 'CANCELLED' } as const

/**
 * What a request of a two-phase coordinator may still do to a branch, however late, lost or repeated it is. After the
 * barrier of dtm and Seata.
 *
 * A cancellation closes the barrier also where nothing was tried: a try that comes after it finds it closed, and holds
 * nothing that no decision would release.
 */
export function passBarrier(state: BarrierState, phase: Phase): Passage {
  return PASSAGES[phase][state]
}

/** What each phase does to one branch, decided from its own state. */
export interface Branch<V> {
  /** It was undone already, by a request or by an event: a try that comes now is too late. */
  isCancelled: boolean
  try: () => V
  /** Undefined where the branch was decided otherwise. */
  confirm: () => V | undefined
  cancel: () => V | undefined
}

export interface Meeting<V> {
  barrier: BarrierState
  /** What is to be done; undefined where it is done, too late, or a contradiction. */
  verdict: V | undefined
  is: 'done' | 'late' | 'contradiction'
}

/** What becomes of a branch and its barrier when the coordinator asks for a phase. */
export function meetBranch<V>(barrier: BarrierState, phase: Phase, branch: Branch<V>): Meeting<V> {
  switch (passBarrier(barrier, phase)) {
    case 'repeat':
      return { barrier, verdict: undefined, is: phase === 'try' && branch.isCancelled ? 'late' : 'done' }
    case 'refuse':
      return phase === 'try' ? tooLate() : { barrier, verdict: undefined, is: 'contradiction' }
    case 'work': {
      if (phase === 'try' && branch.isCancelled) return tooLate()
      const verdict = branch[phase]()
      return verdict === undefined
        ? { barrier, verdict, is: 'contradiction' }
        : { barrier: AFTER[phase], verdict, is: 'done' }
    }
  }
}

/** The barrier stays closed, so that a try that is later still finds it closed. */
function tooLate<V>(): Meeting<V> {
  return { barrier: 'CANCELLED', verdict: undefined, is: 'late' }
}
