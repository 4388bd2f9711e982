import { focusManager } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

let paused = false
const listeners = new Set<() => void>()

export const isPaused = () => paused

/** Holds every figure of this tab as it is, or lets them go on. */
export function pause(wanted: boolean): void {
  paused = wanted
  // Queries are not repeated in a tab without the focus: a paused tab says that it has none.
  focusManager.setFocused(wanted ? false : undefined)
  for (const listener of listeners) listener()
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const usePaused = () => useSyncExternalStore(listen, isPaused)
