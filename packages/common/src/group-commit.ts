/**
 * Runs `work` on what several callers bring, together: one run at a time, each on everything that
 * came while the last one ran, up to `maxItems`. So transactions grow with the load instead of in number.
 *
 * Items keep the order they came in. A caller is answered when the run with its items ends; a fault of
 * a run is the fault of all who were in it.
 */
export function createGroupCommit<T>(
  work: (items: readonly T[]) => Promise<void>,
  maxItems: number,
): (items: readonly T[]) => Promise<void> {
  const waiting: { items: readonly T[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let isRunning = false

  function take(): typeof waiting {
    let total = 0
    const end = waiting.findIndex(({ items }) => (total += items.length) > maxItems)
    // Whoever brings more than fits goes alone.
    return waiting.splice(0, end === -1 ? waiting.length : Math.max(1, end))
  }

  async function run(): Promise<void> {
    isRunning = true
    while (waiting.length > 0) {
      const group = take()
      try {
        await work(group.flatMap(({ items }) => items))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    isRunning = false
  }

  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject })
      if (!isRunning) void run()
    })
}
