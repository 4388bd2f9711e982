/** Tells requests of this process that the card processor has answered about their order. */
export interface Answers {
  heard(orderIds: Iterable<string>): void
  /** Resolves at the next answer about the order, or after `timeoutMs`: another instance may hear it. */
  next(orderId: string, timeoutMs: number): Promise<void>
}

export function createAnswers(): Answers {
  const waiting = new Map<string, Set<() => void>>()
  return {
    heard: (orderIds) => {
      for (const id of orderIds) for (const wake of waiting.get(id) ?? []) wake()
    },
    next: (orderId, timeoutMs) =>
      new Promise((resolve) => {
        const woken = waiting.get(orderId) ?? new Set()
        function wake(): void {
          clearTimeout(timer)
          woken.delete(wake)
          if (woken.size === 0) waiting.delete(orderId)
          resolve()
        }
        const timer = setTimeout(wake, timeoutMs)
        waiting.set(orderId, woken.add(wake))
      }),
  }
}
