export interface Deadlines {
  /**
   * Runs `expire` once so many ms have passed and what arrived within them has been read.
   *
   * @returns calls it off; without effect once it has run
   */
  add(forMs: number, expire: () => void): () => void
}

/**
 * Many deadlines on one timer, which fires for the earliest. Every call has a deadline and next to none reaches it:
 * a timer for each is made and cleared for nothing. They do not keep the process alive; the sockets waited for do.
 */
export function createDeadlines(): Deadlines {
  const pending = new Set<{ atMs: number; expire: () => void }>()
  let timer: NodeJS.Timeout | undefined
  let armedForMs = Infinity

  function arm(atMs: number, nowMs: number): void {
    clearTimeout(timer)
    armedForMs = atMs
    // A process that was held up finds its timers due before it has read what has arrived.
    timer = setTimeout(() => setImmediate(sweep), Math.ceil(atMs - nowMs)).unref()
  }

  function sweep(): void {
    const nowMs = performance.now()
    armedForMs = Infinity
    let nextMs = Infinity
    for (const one of pending) {
      if (one.atMs > nowMs) {
        nextMs = Math.min(nextMs, one.atMs)
        continue
      }
      pending.delete(one)
      one.expire()
    }
    if (nextMs < armedForMs) arm(nextMs, nowMs)
  }

  return {
    add(forMs, expire) {
      const nowMs = performance.now()
      const one = { atMs: nowMs + forMs, expire }
      pending.add(one)
      if (one.atMs < armedForMs) arm(one.atMs, nowMs)
      return () => void pending.delete(one)
    },
  }
}
