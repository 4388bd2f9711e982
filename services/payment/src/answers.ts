import { createWakeable } from '@lepton/common/runtime/wait'
import type { Payment } from './domain.ts'

/** Lets requests of this process hear what the card processor has answered about their order. */
export interface Answers {
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

  return {
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
