/** `NONE` is a branch that nobody tried or cancelled. */
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
 * What a request of a two-phase coordinator may still do to a branch, however late, lost or repeated it is.
 *
 * A cancellation closes the barrier also where nothing was tried, so that a try that comes after it finds
 * it closed and holds nothing for ever.
 */
export function passBarrier(state: BarrierState, phase: Phase): Passage {
  return PASSAGES[phase][state]
}

export function afterWork(phase: Phase): BarrierState {
  return AFTER[phase]
}
