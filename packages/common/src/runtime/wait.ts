/** Waits, or returns early when the signal fires. Never keeps the process alive. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(finish, delayMs).unref()
    function finish() {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    signal.addEventListener('abort', finish)
  })
}

/** What the promise gives, or `otherwise` where that takes longer than `budgetMs`. The promise itself goes on. */
export async function within<T, U>(budgetMs: number, promise: Promise<T>, otherwise: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<U>((resolve) => {
    timer = setTimeout(resolve, budgetMs, otherwise)
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

export interface Wakeable {
  /** Until `wake` is called, or was since the last wait, but not longer than `ms`. */
  wait(ms: number): Promise<void>
  wake(): void
}

/** A wait that can be ended from outside; a wake that comes between two waits is kept. For one waiter at a time. */
export function createWakeable(): Wakeable {
  let isAwake = false
  let resume: (() => void) | undefined
  return {
    async wait(ms) {
      if (!isAwake)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          resume = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      resume = undefined
      isAwake = false
    },
    wake() {
      isAwake = true
      resume?.()
    },
  }
}
