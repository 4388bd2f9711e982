import { createWakeable } from '@lepton/common/runtime/wait'
import { LRUCache } from 'lru-cache'
import type { Operation, Payment } from './domain.ts'

/** Operations that are remembered as done: webhooks about them come within the second. */
const MAX_DONE = 2_000

/** What the card processor has answered this process. */
export interface Answers {
  /** Notes what is settled by now: nothing waits for it any more. */
  settled(orderId: string, op: Operation): void
  isSettled(orderId: string, op: Operation): boolean
  heard(payments: readonly Pick<Payment, 'order_id' | 'state'>[]): void
  /** Hears of an order from now on. */
  listen(orderId: string): Listener
}

export interface Listener {
  /** The state after the next answer, or after one that came since it listens; undefined where none comes in `timeoutMs`. */
  next(timeoutMs: number): Promise<Payment['state'] | undefined>
  close(): void
}

export function createAnswers(): Answers {
  const listening = new Map<string, Set<(state: Payment['state']) => void>>()
  const done = new LRUCache<string, true>({ max: MAX_DONE })

  return {
    settled: (orderId, op) => void done.set(`${op} ${orderId}`, true),
    isSettled: (orderId, op) => done.has(`${op} ${orderId}`),

    heard: (payments) => {
      for (const { order_id, state } of payments)
        for (const hear of listening.get(order_id) ?? []) hear(state)
    },

    listen(orderId) {
      let last: Payment['state'] | undefined
      const wakeable = createWakeable()
      const others = listening.get(orderId) ?? new Set()
      listening.set(orderId, others.add(hear))

      function hear(state: Payment['state']): void {
        last = state
        wakeable.wake()
      }

      return {
        next: async (timeoutMs) => {
          await wakeable.wait(timeoutMs)
          const state = last
          last = undefined
          return state
        },
        close: () => {
          others.delete(hear)
          if (others.size === 0 && listening.get(orderId) === others) listening.delete(orderId)
        },
      }
    },
  }
}
