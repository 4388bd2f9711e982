import { setTimeout as delay } from 'node:timers/promises'
import { remainingMs } from '@lepton/common/runtime/deadline'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { inSpan } from '@lepton/common/runtime/span'
import { Contended, refuse, Unavailable } from '@lepton/common/runtime/problem'
import pg from 'pg'
import { isPassingFault, LOCK_TIMEOUT } from './faults.ts'
import { type Answer, batchesOf } from './batch.ts'
import { runTransaction, type TransactionOptions, type Tx } from './transaction.ts'

export interface Database {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Answer<R>>
  inTransaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** A connection of its own, outside the pool, with the same session settings. */
  connect(name: string): Promise<pg.Client>
  close(): Promise<void>
}

export interface DatabaseSettings {
  url: string
  /** Where the URL has none. */
  password?: string | undefined
  poolSize: number
  /** Encrypted, to the host that the URL names; `ca` is the authority's PEM, what Node trusts without it. */
  tls?: { ca?: string | undefined }
  /** Whom the sessions act as, where that is not who connects. */
  role?: string
  connectTimeoutMs?: number
  statementTimeoutMs?: number
  lockTimeoutMs?: number
  idleInTransactionTimeoutMs?: number
  /** Attempts of one transaction that met a passing fault before its COMMIT. */
  maxAttempts?: number
  /** Gets how long each use of the pool waited for a connection (ms). */
  onWait?: (ms: number) => void
}

/** A new connection plans all its statements again: one that a peak needed is kept until the next. */
const POOL_IDLE_MS = 600_000

const TRANSACTION = {
  name: 'transaction',
  kind: 'client',
  attributes: { db_system_name: 'postgresql' },
} as const

// Rows are what the wire holds: instants as ISO 8601, counts as safe integers.
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (value) => new Date(value).toISOString())
types.setTypeParser(pg.types.builtins.INT8, (value) => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is not a safe integer`)
  return number
})

/**
 * Opens a pool whose sessions cannot wait indefinitely: every statement, lock, connection attempt and
 * idle transaction has a limit.
 */
export function createDatabase(settings: DatabaseSettings, log: Log, metrics: Metrics): Database {
  const { maxAttempts = 5, onWait = () => undefined } = settings
  const name = `the database ${new URL(settings.url).pathname.slice(1)}`
  const config = sessionConfig(settings)
  const pool = new pg.Pool({ ...config, max: settings.poolSize, idleTimeoutMillis: POOL_IDLE_MS })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  // The server may end a session at any moment, also after the pool has removed its listener: an error event without a
  // listener would end the process. The next statement of that session fails.
  pool.on('connect', (client) => client.on('error', () => undefined))
  metrics.gauge({
    name: 'db_client_connections',
    help: 'Pool connections by state; waiting counts requests that queue for one',
    labelNames: ['state'],
    collect: (gauge) => {
      gauge.set({ state: 'idle' }, pool.idleCount)
      gauge.set({ state: 'used' }, pool.totalCount - pool.idleCount)
      gauge.set({ state: 'waiting' }, pool.waitingCount)
    },
  })

  async function connect(): Promise<pg.PoolClient> {
    refuseWithoutTime()
    const askedAtMs = performance.now()
    const client = await pool.connect()
    onWait(performance.now() - askedAtMs)
    return client
  }

  async function query<R extends pg.QueryResultRow>(text: string, values?: unknown[]) {
    const client = await connect()
    let broken: Error | undefined
    try {
      return await batchesOf(client)<R>(text, values)
    } catch (error) {
      if (isPassingFault(error)) broken = error as Error
      throw error
    } finally {
      client.release(broken)
    }
  }

  async function inTransaction<T>(
    work: (tx: Tx) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    let isOpen = true
    for (let attempt = 1; ; attempt++) {
      const wasOpen = isOpen
      try {
        isOpen = false
        const client = await connect()
        isOpen = true
        return await runTransaction(client, work, options)
      } catch (error) {
        if (!isPassingFault(error)) throw error
        if ((error as { code?: string }).code === LOCK_TIMEOUT)
          throw new Contended('the row', { cause: error })
        // A server that takes no connection twice is away, and the caller hears of it now.
        const isAway = !wasOpen && !isOpen
        if (isAway || attempt >= maxAttempts) throw new Unavailable(name, { cause: error })
        await delay(10 + Math.random() * 190)
      }
    }
  }

  return {
    inTransaction: (work, options) => inSpan(TRANSACTION, () => inTransaction(work, options)),
    query: async <R extends pg.QueryResultRow>(text: string, values?: unknown[]) => {
      try {
        return await query<R>(text, values)
      } catch (error) {
        throw isPassingFault(error) ? new Unavailable(name, { cause: error }) : error
      }
    },
    connect: async (name) => {
      const client = new pg.Client({ ...config, application_name: name })
      client.on('error', (error) => log.warn({ err: error }, `the ${name} connection was lost`))
      await client.connect()
      return client
    },
    close: () => pool.end(),
  }
}

/** Work whose caller has given up is not begun: an overloaded database has others to serve. */
function refuseWithoutTime(): void {
  const leftMs = remainingMs()
  if (leftMs !== undefined && leftMs <= 0) throw refuse('deadline-exceeded', 'The time for this was over.')
}

function withPassword(url: string, password: string | undefined): pg.ClientConfig {
  const given = new URL(url)
  if (password !== undefined) given.password = encodeURIComponent(password)
  return { connectionString: given.href }
}

function sessionConfig(settings: DatabaseSettings): pg.ClientConfig {
  const {
    url,
    connectTimeoutMs = 2_000,
    statementTimeoutMs = 5_000,
    lockTimeoutMs = 2_000,
    idleInTransactionTimeoutMs = 10_000,
  } = settings
  const session = {
    // What a server, a database or a role may have set otherwise, and the statements rely on.
    TimeZone: 'UTC',
    DateStyle: 'ISO,YMD',
    IntervalStyle: 'postgres',
    client_encoding: 'UTF8',
    search_path: 'public',
    bytea_output: 'hex',
    standard_conforming_strings: 'on',
    default_transaction_isolation: 'read\\ committed',
    default_transaction_read_only: 'off',
    default_transaction_deferrable: 'off',
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    // A statement is planned once a connection, often while its table is still empty and a scan looks cheap: of the table,
    // or of all that an index has instead of its first rows in order. Without the last, one that takes a list is planned
    // for each list again: a third of what it costs.
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    plan_cache_mode: 'force_generic_plan',
    tcp_keepalives_idle: 5,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 3,
    ...(settings.role !== undefined && { role: settings.role }),
  }
  return {
    ...withPassword(url, settings.password),
    // Said in any case: PGSSLMODE in the user's shell is meant for other servers. What the URL says comes before it.
    ssl: settings.tls !== undefined && { ca: settings.tls.ca, rejectUnauthorized: true },
    connectionTimeoutMillis: connectTimeoutMs,
    // The server cancels a statement first; this frees the connection when the server is silent.
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    pipeline: true,
    options: Object.entries(session)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types,
  }
}
