import { focusManager } from '@tanstack/react-query'
import { createSharedValue } from '../shared-value.ts'

const paused = createSharedValue(false)

export const isPaused = paused.get
export const usePaused = paused.use

/** Holds every figure of this tab as it is, or lets them go on. */
export function pause(wanted: boolean): void {
  // Queries are not repeated in a tab without the focus: a paused tab says that it has none.
  focusManager.setFocused(wanted ? false : undefined)
  paused.set(wanted)
}
