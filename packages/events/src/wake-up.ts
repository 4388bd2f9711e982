import type pg from 'pg'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from './postgres/postgres.ts'
import type { Outbox } from './outbox.ts'

const CHANNEL = 'lepton_outbox'
const NOTIFY_GAP_MS = 10
/** As many may go out at once after a quiet time. */
const NOTIFY_BURST = 10
const RECONNECT_MS = 1_000

export interface WakeUp {
  /** True when woken by an emit, false when the time was up. */
  wait(ms: number): Promise<boolean>
  now(): void
  close(): Promise<void>
}

/**
 * Wakes the relay as soon as an emit commits: in this process directly, in the process that owns the
 * shard by NOTIFY.
 *
 * NOTIFY takes a lock of the whole cluster at commit, so it never runs in a business transaction: it
 * goes out afterwards, on a connection of its own, at most 100 times a second (a token bucket, so that
 * single events never wait). It may be lost; the relay's own timer finds the row then.
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
  let isClosed = false
  let connection: pg.Client | undefined
  let reconnect: NodeJS.Timeout | undefined
  let notifyTimer: NodeJS.Timeout | undefined
  let nextDueAt = Number.NEGATIVE_INFINITY
  const others = new Set<number>()

  function now(): void {
    isWoken = true
    wake?.()
  }

  function listen(): void {
    if (isClosed) return
    database
      .connect('relay-signal')
      .then(async (client) => {
        if (isClosed) return client.end()
        client.once('end', () => {
          connection = undefined
          reconnect = setTimeout(listen, RECONNECT_MS)
        })
        client.on('notification', ({ payload = '' }) => {
          if (payload.split(',').some((shard) => isMine(Number(shard)))) now()
        })
        await client.query(`listen ${CHANNEL}`)
        connection = client
      })
      .catch((error: unknown) => {
        log.debug({ err: error }, 'no connection to listen on yet')
        if (!isClosed) reconnect = setTimeout(listen, RECONNECT_MS)
      })
  }

  function notifyOthers(): void {
    notifyTimer = undefined
    if (connection === undefined || others.size === 0) return
    nextDueAt = Math.max(nextDueAt, performance.now()) + NOTIFY_GAP_MS
    const shards = [...others].join(',')
    others.clear()
    connection
      .query('select pg_notify($1, $2)', [CHANNEL, shards])
      .catch((error: unknown) => log.debug({ err: error }, 'a wake-up was lost; the timer finds the row'))
  }

  outbox.onEmit((shards) => {
    if (shards.some(isMine)) now()
    for (const shard of shards) if (!isMine(shard)) others.add(shard)
    if (others.size === 0 || notifyTimer !== undefined) return
    // A timer of 0 ms is late by one: most of the way to the other instance.
    const waitMs = nextDueAt - performance.now() - (NOTIFY_BURST - 1) * NOTIFY_GAP_MS
    if (waitMs <= 0) notifyOthers()
    else notifyTimer = setTimeout(notifyOthers, waitMs)
  })
  listen()

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
    close: async () => {
      isClosed = true
      clearTimeout(reconnect)
      clearTimeout(notifyTimer)
      connection?.removeAllListeners('end')
      await connection
        ?.end()
        .catch((error: unknown) => log.debug({ err: error }, 'the signal connection was gone'))
    },
  }
}
