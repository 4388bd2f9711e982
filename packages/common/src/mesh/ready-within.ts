import { within } from '../runtime/wait.ts'

/** Waits for the first list of a service, or for what else is to be ready, but not longer than that (ms). */
export function isReadyWithin(ready: Promise<unknown>, budgetMs: number): Promise<boolean> {
  return within(
    budgetMs,
    ready.then(() => true),
    false,
  )
}
