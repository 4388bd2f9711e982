import type { Log } from '@lepton/common/runtime/log'
import { createWakeable } from '@lepton/common/runtime/wait'
import type { Database } from './postgres/database.ts'
import { createSignal } from './postgres/signal.ts'
import type { Lane } from './lane.ts'
import type { Outbox } from './outbox.ts'

export interface WakeUp {
  /** Until something was committed here, there is something to look for, or the time is up. */
  wait(ms: number): Promise<void>
  /** Whether a shard of this process has something that its lane has not, since this was asked last. */
  takeSignal(): boolean
  now(): void
  close(): Promise<void>
}

/**
 * Wakes the relay as soon as an emit commits. What may go to the log at once waits in the lane then; the rest is for the
 * relay that owns its shard, which is woken by a signal of the database where it is another process. That one may be
 * lost; the relay's own timer finds the row then.
 */
export function createWakeUp({
  database,
  outbox,
  lane,
  log,
  isMine,
}: {
  database: Database
  outbox: Outbox
  lane: Lane
  log: Log
  isMine: (shard: number) => boolean
}): WakeUp {
  const { wait, wake: now } = createWakeable()
  let isSignalled = false

  function look(): void {
    isSignalled = true
    now()
  }

  const signal = createSignal({
    database,
    name: 'relay-signal',
    channel: 'lepton_outbox',
    gapMs: 10,
    burst: 10,
    log,
    onWords: (shards) => {
      if (shards?.some((shard) => isMine(Number(shard))) ?? true) look()
    },
  })

  outbox.onEmit((events) => {
    const next = events.filter((event) => event.is_next)
    const waiting = [...events.filter(({ is_next }) => !is_next), ...next.slice(lane.add(next))]
    const left = new Set(waiting.map(({ shard }) => shard))
    if ([...left].some(isMine)) look()
    else now()
    signal.send([...left].filter((shard) => !isMine(shard)).map(String))
  })

  return {
    now,
    takeSignal: () => {
      const result = isSignalled
      isSignalled = false
      return result
    },
    wait,
    close: () => signal.close(),
  }
}
