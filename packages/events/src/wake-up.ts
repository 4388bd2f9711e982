import type { Log } from '@lepton/common/runtime/log'
import type { Database } from './postgres/database.ts'
import { createSignal } from './postgres/signal.ts'
import type { Outbox } from './outbox.ts'

export interface WakeUp {
  /** True when woken by an emit, false when the time was up. */
  wait(ms: number): Promise<boolean>
  now(): void
  close(): Promise<void>
}

/**
 * Wakes the relay as soon as an emit commits: in this process directly, in the process that owns the
 * shard by a signal of the database. That one may be lost; the relay's own timer finds the row then.
 */
export function createWakeUp({
  database,
  outbox,
  log,
  isMine,
}: {
  database: Database
  outbox: Outbox
  log: Log
  isMine: (shard: number) => boolean
}): WakeUp {
  let wake: (() => void) | undefined
  let isWoken = false

  function now(): void {
    isWoken = true
    wake?.()
  }

  const signal = createSignal({
    database,
    name: 'relay-signal',
    channel: 'lepton_outbox',
    gapMs: 10,
    burst: 10,
    log,
    onWords: (shards) => {
      if (shards?.some((shard) => isMine(Number(shard))) ?? true) now()
    },
  })

  outbox.onEmit((shards) => {
    if (shards.some(isMine)) now()
    signal.send(shards.filter((shard) => !isMine(shard)).map(String))
  })

  return {
    now,
    wait: async (ms) => {
      if (!isWoken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
        wake = undefined
      }
      const result = isWoken
      isWoken = false
      return result
    },
    close: () => signal.close(),
  }
}
