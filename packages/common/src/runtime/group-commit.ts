import { withoutDeadline } from './deadline.ts'

/**
 * Runs `work` on what several callers bring, together: each run on everything that came while the last
 * one ran, up to `maxItems`. So transactions grow with the load instead of in number.
 *
 * There is one run at a time, and up to `maxRuns` while full ones wait. Items keep the order they came in:
 * runs begin in it. A caller is answered when the run with its items ends; a fault of a run is the fault of
 * all who were in it. No run has the deadline of a caller: the others may have more time, and the next ones come after it.
 */
export function createGroupCommit<T>(
  work: (items: readonly T[]) => Promise<void>,
  maxItems: number,
  maxRuns = 1,
): (items: readonly T[]) => Promise<void> {
  const waiting: { items: readonly T[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let waitingItems = 0
  let runs = 0

  const isDue = () => waiting.length > 0 && (runs === 0 || (runs < maxRuns && waitingItems >= maxItems))

  function take(): typeof waiting {
    let total = 0
    const end = waiting.findIndex(({ items }) => (total += items.length) > maxItems)
    // A caller with more items than fit runs alone.
    const group = waiting.splice(0, end === -1 ? waiting.length : Math.max(1, end))
    for (const { items } of group) waitingItems -= items.length
    return group
  }

  async function run(): Promise<void> {
    while (isDue()) {
      const group = take()
      runs++
      try {
        await work(group.flatMap(({ items }) => items))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
      runs--
    }
  }

  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject })
      waitingItems += items.length
      if (isDue()) void withoutDeadline(run)
    })
}
