import type { Log } from '@lepton/common/runtime/log'
import type { Database } from '@lepton/events/postgres/database'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { createSignal } from '@lepton/events/postgres/signal'

export interface Watch {
  /** Resolves when the order may have changed since the last call, after `ms`, or when the signal is aborted. */
  next(ms: number): Promise<void>
  close(): void
}

export interface Watchers extends Part {
  /** Orders that have changed, durably. */
  changed(orderIds: readonly string[]): void
  watch(orderId: string, signal: AbortSignal): Watch
}

/**
 * Wakes those who watch an order when it has changed: by the commits of this process directly, by those of others
 * through the database, at most 20 times a second. A wake-up may be lost.
 */
export function createWatchers(database: Database, log: Log): Watchers {
  const wakers = new Map<string, Set<() => void>>()

  function wake(orderIds: Iterable<string>): void {
    for (const id of orderIds) for (const waker of wakers.get(id) ?? []) waker()
  }

  const signal = createSignal({
    database,
    name: 'order-signal',
    channel: 'lepton_orders',
    gapMs: 50,
    burst: 2,
    log,
    onWords: (orderIds) => wake(orderIds ?? wakers.keys()),
  })

  return {
    changed(orderIds) {
      wake(orderIds)
      signal.send(orderIds)
    },

    watch(orderId, until) {
      let isWoken = false
      let resume: (() => void) | undefined
      const waker = () => {
        isWoken = true
        resume?.()
      }
      wakers.set(orderId, (wakers.get(orderId) ?? new Set()).add(waker))
      until.addEventListener('abort', waker)
      return {
        async next(ms) {
          if (!isWoken) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, ms)
              resume = () => {
                clearTimeout(timer)
                resolve()
              }
            })
          }
          isWoken = false
        },
        close() {
          until.removeEventListener('abort', waker)
          const others = wakers.get(orderId)
          others?.delete(waker)
          if (others?.size === 0) wakers.delete(orderId)
        },
      }
    },

    stop: () => signal.close(),
  }
}
