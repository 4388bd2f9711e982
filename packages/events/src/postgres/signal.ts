import type pg from 'pg'
import type { Log } from '@lepton/common/runtime/log'
import type { Database } from './database.ts'

const RECONNECT_MS = 1_000
/** PostgreSQL takes a little less than 8 000 bytes. */
const MAX_PAYLOAD = 7_900

export interface Signal {
  /** Sends words to the other processes at this database, soon; a word that waits already is sent once. */
  send(words: Iterable<string>): void
  close(): Promise<void>
}

/**
 * Sends words to every process that listens on a channel of the database, by NOTIFY.
 *
 * NOTIFY takes a lock of the whole cluster at commit, so it never runs in a business transaction: it goes out
 * afterwards, on a connection of its own, at most once in `gapMs` (a token bucket of `burst`, so that single words
 * never wait). Words may be lost: a process that waits for one has to look for itself from time to time.
 */
export function createSignal({
  database,
  name,
  channel,
  gapMs,
  burst,
  log,
  onWords,
}: {
  database: Database
  /** Names the connection. */
  name: string
  channel: string
  gapMs: number
  burst: number
  log: Log
  /** Called with what others sent, and with nothing when some may have been missed. */
  onWords: (words: readonly string[] | undefined) => void
}): Signal {
  let isClosed = false
  let connection: pg.Client | undefined
  let opening: Promise<void> | undefined
  let reconnect: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined
  let nextDueAt = Number.NEGATIVE_INFINITY
  const waiting = new Set<string>()

  async function open(): Promise<void> {
    const client = await database.connect(name)
    try {
      const own = (client as unknown as { processID: number }).processID
      client.on('notification', ({ processId, payload = '' }) => {
        if (processId !== own) onWords(payload.split(','))
      })
      await client.query(`listen ${channel}`)
      if (isClosed) throw new Error('closed while it was opened')
    } catch (error) {
      await client.end()
      throw error
    }
    client.once('end', () => {
      connection = undefined
      listenLater()
    })
    connection = client
    onWords(undefined)
  }

  function listen(): void {
    opening = open().catch((error: unknown) => {
      log.debug({ err: error }, 'no connection to listen on yet')
      listenLater()
    })
  }

  function listenLater(): void {
    if (!isClosed) reconnect = setTimeout(listen, RECONNECT_MS)
  }

  function flush(): void {
    timer = undefined
    if (connection === undefined || waiting.size === 0) return
    nextDueAt = Math.max(nextDueAt, performance.now()) + gapMs
    let payload = ''
    for (const word of waiting) {
      if (payload.length + word.length >= MAX_PAYLOAD) break
      payload += payload === '' ? word : `,${word}`
      waiting.delete(word)
    }
    connection
      .query('select pg_notify($1, $2)', [channel, payload])
      .catch((error: unknown) => log.debug({ err: error }, 'a notification was lost'))
    plan()
  }

  function plan(): void {
    if (waiting.size === 0 || timer !== undefined) return
    // A timer of 0 ms is late by one: most of the way to the other instance.
    const waitMs = nextDueAt - performance.now() - (burst - 1) * gapMs
    if (waitMs <= 0) flush()
    else timer = setTimeout(flush, waitMs)
  }

  listen()

  return {
    send(words) {
      if (connection === undefined) return
      for (const word of words) waiting.add(word)
      plan()
    },
    close: async () => {
      isClosed = true
      clearTimeout(reconnect)
      clearTimeout(timer)
      await opening
      await connection
        ?.end()
        .catch((error: unknown) => log.debug({ err: error }, 'the signal connection was gone'))
    },
  }
}
