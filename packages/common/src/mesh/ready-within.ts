import type { ServiceWatch } from './discovery.ts'

/** Waits for the first list of a service, or for what else is to be ready, but not longer than that (ms). */
export async function isReadyWithin(
  watch: Pick<ServiceWatch, 'isReady' | 'ready'>,
  budgetMs: number,
): Promise<boolean> {
  if (watch.isReady()) return true
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), budgetMs)
  })
  const isReady = await Promise.race([watch.ready.then(() => true), tooLate])
  clearTimeout(timer)
  return isReady
}
