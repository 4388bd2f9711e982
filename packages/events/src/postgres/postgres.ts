import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { Contended, refuse, Unavailable } from '@lepton/common/runtime/problem'

export interface Tx {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>
  /**
   * Sends a statement whose answer nobody waits for: it travels with the next one. Statements run in
   * the order they are sent; a fault of this one undoes the transaction at the latest at its commit.
   */
  write<R extends pg.QueryResultRow>(text: string, values: unknown[], onRows?: (rows: R[]) => void): void
  /** Runs once the transaction is durable; never when it is rolled back. Must not throw. */
  afterCommit(run: () => void): void
}

export interface Database {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>
  inTransaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** A connection of its own, outside the pool, with the same session settings. */
  connect(name: string): Promise<pg.Client>
  close(): Promise<void>
}

export interface TransactionOptions {
  /** An advisory lock to hold from the start; `LockBusy` is thrown where it is not free within `waitMs`. */
  lock?: { id: bigint; waitMs: number }
}

/** Another transaction holds the advisory lock that was asked for. */
export class LockBusy extends Error {}

export interface DatabaseSettings {
  url: string
  /** Where the URL has none. */
  password?: string | undefined
  poolSize: number
  connectTimeoutMs?: number
  statementTimeoutMs?: number
  lockTimeoutMs?: number
  idleInTransactionTimeoutMs?: number
  /** Attempts of one transaction that met a passing fault before its COMMIT. */
  maxAttempts?: number
  /** Gets how long each use of the pool waited for a connection (ms). */
  onWait?: (ms: number) => void
}

// Rows are what the wire holds: instants as ISO 8601, counts as safe integers.
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (value) => new Date(value).toISOString())
types.setTypeParser(pg.types.builtins.INT8, (value) => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is not a safe integer`)
  return number
})

// 53xxx is a server without disk, memory or connections. 0A000 is "cached plan must not change result type": a migration ran, and a new connection plans anew.
const PASSING_CODES = /^(40001|40P01|55P03|57P0[123]|08\w{3}|53\w{3}|0A000)$/
const STALE_PLAN = '0A000'
const LOCK_TIMEOUT = '55P03'
// In a network of containers the server's name goes with the server and comes back with it.
const PASSING_NETWORK_CODES = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN)/
const PASSING_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|timeout exceeded when trying to connect|timeout expired|Client was closed/

/** Whether trying again later may succeed: the database is away or busy, the statement is not at fault. */
export function isPassingFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, severity } = error as { code?: string; severity?: string }
  // A session that the server cannot begin, as for want of disk: no statement was there yet to be at fault.
  if (code === 'XX000' && severity === 'FATAL') return true
  if (code === undefined) return PASSING_MESSAGES.test(error.message)
  return PASSING_CODES.test(code) || PASSING_NETWORK_CODES.test(code)
}

// Statement texts are few and fixed, so each connection plans each of them once. Planning a statement
// over partitions costs several times its execution.
const statementNames = new Map<string, string>()

export function prepared(text: string, values: unknown[] = []): pg.QueryConfig {
  let name = statementNames.get(text)
  if (name === undefined) {
    name = `s${statementNames.size}`
    statementNames.set(text, name)
  }
  return { name, text, values }
}

/**
 * Opens a pool whose sessions cannot wait for ever: every statement, lock, connection attempt and
 * idle transaction has a limit.
 */
export function createDatabase(settings: DatabaseSettings, log: Log, metrics: Metrics): Database {
  const { maxAttempts = 5, onWait = () => undefined } = settings
  const config = sessionConfig(settings)
  const pool = new pg.Pool({ ...config, max: settings.poolSize, idleTimeoutMillis: 30_000 })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
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
    const onError = (error: Error) => {
      broken = error
    }
    client.on('error', onError)
    try {
      return await client.query<R>(prepared(text, values))
    } catch (error) {
      if (isPassingFault(error)) onError(error as Error)
      throw error
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }

  async function inTransaction<T>(
    work: (tx: Tx) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await runTransaction(await connect(), work, options)
      } catch (error) {
        if (!isPassingFault(error)) throw error
        if ((error as { code?: string }).code === LOCK_TIMEOUT)
          throw new Contended('the row', { cause: error })
        if (attempt >= maxAttempts) throw new Unavailable('the database', { cause: error })
        await delay(10 + Math.random() * 190)
      }
    }
  }

  return {
    inTransaction,
    query: async <R extends pg.QueryResultRow>(text: string, values?: unknown[]) => {
      try {
        return await query<R>(text, values)
      } catch (error) {
        throw isPassingFault(error) ? new Unavailable('the database', { cause: error }) : error
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
    // A statement is planned once a connection, often while its table is still empty and a scan looks cheap.
    enable_seqscan: 'off',
    tcp_keepalives_idle: 5,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 3,
  }
  return {
    ...withPassword(url, settings.password),
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

/**
 * Runs `work` in one transaction: what it returns is stored, what it throws is undone.
 *
 * PostgreSQL answers COMMIT with ROLLBACK, and no error, when `work` swallowed a failed query; that
 * answer is an error here. An error of COMMIT itself leaves the outcome unknown: it is `Unavailable`,
 * never retried here, and whoever asks again must find out by id or idempotency key.
 */
async function runTransaction<T>(
  client: pg.PoolClient,
  work: (tx: Tx) => Promise<T>,
  { lock }: TransactionOptions,
): Promise<T> {
  const committed: (() => void)[] = []
  const unwatched: Promise<unknown>[] = []
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  const send = sender(client)

  /** A fault of a statement that nobody waited for is the cause of what failed after it. */
  function later(answer: Promise<unknown>): void {
    answer.catch(() => undefined)
    unwatched.push(answer)
  }

  try {
    later(lock === undefined ? send('begin') : beginLocked(send, lock))
    const result = await work({
      query: (text, values) => send(prepared(text, values)),
      write: <R extends pg.QueryResultRow>(text: string, values: unknown[], onRows?: (rows: R[]) => void) =>
        later(send<R>(prepared(text, values)).then(({ rows }) => onRows?.(rows))),
      afterCommit: (run) => committed.push(run),
    })
    await commit(send, unwatched)
    for (const run of committed) run()
    return result
  } catch (error) {
    await client.query('rollback').catch(onError)
    const cause = error instanceof Unavailable ? error : ((await firstFault(unwatched)) ?? error)
    if ((cause as { code?: string }).code === STALE_PLAN) onError(cause as Error)
    throw cause
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

type Send = <R extends pg.QueryResultRow>(query: string | pg.QueryConfig) => Promise<pg.QueryResult<R>>

/** Statements that are sent in one turn of the event loop leave in one write. */
function sender(client: pg.PoolClient): Send {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection
  let isCorked = false
  return (query) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      process.nextTick(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return client.query(query)
  }
}

async function beginLocked(send: Send, { id, waitMs }: { id: bigint; waitMs: number }): Promise<void> {
  // One simple query, which takes no parameters; both values are numbers made here.
  const text = `begin; set local lock_timeout = ${waitMs}; select pg_advisory_xact_lock(${id}); reset lock_timeout`
  await send(text).catch((error: unknown) => {
    throw (error as { code?: string }).code === LOCK_TIMEOUT
      ? new LockBusy('lock busy', { cause: error })
      : error
  })
}

async function commit(send: Send, unwatched: readonly Promise<unknown>[]): Promise<void> {
  const { command } = await send('commit').catch((error: unknown) => {
    // A refused COMMIT (a deferred constraint, a serialisation failure) is a definite answer.
    if (/^(23|40)/.test((error as { code?: string }).code ?? '')) throw error
    throw new Unavailable('the answer to COMMIT', { cause: error })
  })
  if (command !== 'COMMIT') {
    throw (await firstFault(unwatched)) ?? new Error('rolled back: a failed query was swallowed')
  }
}

async function firstFault(answers: readonly Promise<unknown>[]): Promise<unknown> {
  const settled = await Promise.allSettled(answers)
  return settled.find((answer) => answer.status === 'rejected')?.reason
}

/**
 * Inserts or replaces rows of a table by its key, all in one statement. Columns are those of the first
 * row: field and column share one spelling, so there is nothing to map.
 *
 * An upsert even where every row is there: it always goes by the index, while an update that joins a set
 * of unknown size may be planned as a scan of the whole table. It measured faster in the bench.
 */
export function saveRows(tx: Tx, table: string, key: string, rows: readonly object[]): void {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
  const changed = columns.filter((column) => column !== key)
  tx.write(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.join(', ')} from jsonb_populate_recordset(null::${table}, $1::jsonb)
     on conflict (${key}) do update set ${changed.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [JSON.stringify(rows)],
  )
}

/** Inserts rows, all in one statement; a row that is there already is an error. */
export function insertRows(tx: Tx, table: string, rows: readonly object[]): void {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first).join(', ')
  tx.write(
    `insert into ${table} (${columns})
     select ${columns} from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  )
}

/**
 * Locks the rows of a table by their key, in key order, making those that are missing with the table's
 * defaults. Two transactions with the same rows wait for each other and never in a circle.
 *
 * Looks first and inserts only what it missed: most rows are there, and an insert that meets one is dear.
 */
export async function lockOrCreate<R extends object>(
  tx: Tx,
  table: string,
  key: string,
  ids: readonly string[],
): Promise<{ now: string; rows: R[] }> {
  const lock = () =>
    tx.query<R & { now: string }>(
      `select *, now() as now from ${table} where ${key} = any($1::uuid[]) order by ${key} for update`,
      [ids],
    )
  const wanted = new Set(ids).size
  let { rows } = await lock()
  if (rows.length < wanted) {
    const made = await tx.query<R & { now: string }>(
      `insert into ${table} (${key}) select id from unnest($1::uuid[]) as id order by id on conflict do nothing
       returning *, now() as now`,
      [ids],
    )
    // Somebody made some of them meanwhile.
    rows = rows.length + made.rows.length < wanted ? (await lock()).rows : [...rows, ...made.rows]
  }
  return { now: rows[0]!.now, rows: rows.map(({ now: _now, ...row }) => row as unknown as R) }
}
