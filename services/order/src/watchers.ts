import type { Log } from '@lepton/common/runtime/log'
import { createWakeable } from '@lepton/common/runtime/wait'
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

/** A process says again what it watches this often, and others believe it for so long. */
const SAID_EVERY_MS = 30_000
const BELIEVED_MS = 70_000
/** A change may have been committed elsewhere before it was heard there that it is watched. */
const HEARD_AFTER_MS = 200
const MAX_WATCHED = 10_000
/** Begins a word that says what is watched; another one is an order that has changed. */
const WATCHED = '+'

/**
 * Wakes those who watch an order when it has changed: by the commits of this process directly, by those of others
 * through the database, where they know that it is watched: as many in a row as one order has changes, and 50 times a
 * second. A wake-up may be lost.
 */
export function createWatchers(database: Database, log: Log): Watchers {
  const wakers = new Map<string, Set<() => void>>()
  /** What other processes watch, until when that is believed (ms). */
  const elsewhere = new Map<string, number>()

  function wake(orderIds: Iterable<string>): void {
    for (const id of orderIds) for (const waker of wakers.get(id) ?? []) waker()
  }

  const signal = createSignal({
    database,
    name: 'order-signal',
    channel: 'lepton_orders',
    gapMs: 20,
    burst: 6,
    log,
    onWords: (words) => {
      if (words === undefined) {
        say()
        wake(wakers.keys())
      }
      for (const word of words ?? []) if (word.startsWith(WATCHED)) believe(word.slice(WATCHED.length))
      wake(words ?? [])
    },
  })
  const timer = setInterval(say, SAID_EVERY_MS)

  function say(): void {
    signal.send([...wakers.keys()].map((id) => WATCHED + id))
    for (const [id, untilMs] of elsewhere) if (untilMs < performance.now()) elsewhere.delete(id)
  }

  function believe(orderId: string): void {
    elsewhere.delete(orderId)
    elsewhere.set(orderId, performance.now() + BELIEVED_MS)
    const [oldest] = elsewhere.keys()
    if (elsewhere.size > MAX_WATCHED) elsewhere.delete(oldest!)
  }

  return {
    changed(orderIds) {
      wake(orderIds)
      signal.send(orderIds.filter((id) => elsewhere.has(id)))
    },

    watch(orderId, until) {
      const { wait, wake: waker } = createWakeable()
      if (!wakers.has(orderId)) signal.send([WATCHED + orderId])
      wakers.set(orderId, (wakers.get(orderId) ?? new Set()).add(waker))
      const heard = setTimeout(waker, HEARD_AFTER_MS)
      until.addEventListener('abort', waker)
      return {
        next: wait,
        close() {
          clearTimeout(heard)
          until.removeEventListener('abort', waker)
          const others = wakers.get(orderId)
          others?.delete(waker)
          if (others?.size === 0) wakers.delete(orderId)
        },
      }
    },

    stop: () => {
      clearInterval(timer)
      return signal.close()
    },
  }
}
