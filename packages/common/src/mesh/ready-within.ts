import { within } from '../runtime/wait.ts'
import type { ServiceWatch } from './discovery.ts'

/** Waits for the first list of a service, or for what else is to be ready, but not longer than that (ms). */
export async function isReadyWithin(
  watch: Pick<ServiceWatch, 'isReady' | 'ready'>,
  budgetMs: number,
): Promise<boolean> {
  if (watch.isReady()) return true
  return within(
    budgetMs,
    watch.ready.then(() => true),
    false,
  )
}
