import { withoutDeadline } from '@lepton/common/runtime/deadline'
import { Unavailable } from '@lepton/common/runtime/problem'
import type pg from 'pg'
import { type Answer, batchesOf, type Send, Skipped } from './batch.ts'
import { LOCK_TIMEOUT, STALE_SESSION } from './faults.ts'

export interface Tx {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Answer<R>>
  /**
   * Sends a statement without waiting for its answer: it travels with the next one. Statements run in
   * the order they are sent; a fault of this one undoes the transaction at the latest at its commit.
   */
  write<R extends pg.QueryResultRow>(text: string, values: unknown[], onRows?: (rows: R[]) => void): void
  /**
   * Runs once the transaction is durable; never when it is rolled back. Must not throw. What it begins is not bound to the
   * deadline of the request that the transaction was for.
   */
  afterCommit(run: () => void): void
  /** Runs when this transaction is over, however it ended; after what runs after its commit. Must not throw. */
  atEnd(run: () => void): void
}

export interface TransactionOptions {
  /** An advisory lock to hold from the start; `LockBusy` is thrown where it is not free within `waitMs`. */
  lock?: { id: bigint; waitMs: number }
}

/** Another transaction holds the advisory lock that was asked for. */
export class LockBusy extends Error {}

/**
 * Runs `work` in one transaction: what it returns is stored, what it throws is undone.
 *
 * PostgreSQL answers COMMIT with ROLLBACK, and no error, when `work` swallowed a failed query; that
 * answer is an error here. An error of COMMIT itself leaves the outcome unknown: it is `Unavailable`,
 * never retried here, and a retry must find out by id or idempotency key.
 */
export async function runTransaction<T>(
  client: pg.PoolClient,
  work: (tx: Tx) => Promise<T>,
  { lock }: TransactionOptions,
): Promise<T> {
  const committed: (() => void)[] = []
  const ended: (() => void)[] = []
  const unwatched: Promise<unknown>[] = []
  let broken: Error | undefined
  const send = batchesOf(client)

  /** A fault of a statement that was not waited for is the cause of what failed after it. */
  function later(answer: Promise<unknown>): void {
    answer.catch(() => undefined)
    unwatched.push(answer)
  }

  try {
    later(lock === undefined ? send('begin') : beginLocked(client, lock))
    const result = await work({
      query: send,
      write: <R extends pg.QueryResultRow>(text: string, values: unknown[], onRows?: (rows: R[]) => void) =>
        later(send<R>(text, values).then(({ rows }) => onRows?.(rows))),
      afterCommit: (run) => committed.push(run),
      atEnd: (run) => ended.push(run),
    })
    await commit(send, unwatched)
    withoutDeadline(() => committed.forEach((run) => run()))
    return result
  } catch (error) {
    await rollBack(send).catch((refusal: unknown) => (broken = refusal as Error))
    const cause = error instanceof Unavailable ? error : ((await firstFault(unwatched)) ?? error)
    if (STALE_SESSION.has((cause as { code?: string }).code ?? '')) broken = cause as Error
    throw cause
  } finally {
    client.release(broken)
    withoutDeadline(() => ended.forEach((run) => run()))
  }
}

async function beginLocked(
  client: pg.PoolClient,
  { id, waitMs }: { id: bigint; waitMs: number },
): Promise<void> {
  // One simple query, which takes no parameters; both values are numbers made here.
  const text = `begin; set local lock_timeout = ${waitMs}; select pg_advisory_xact_lock(${id}); reset lock_timeout`
  await client.query(text).catch((error: unknown) => {
    throw (error as { code?: string }).code === LOCK_TIMEOUT
      ? new LockBusy('lock busy', { cause: error })
      : error
  })
}

/** Behind all that was sent: what has not left yet would otherwise begin a transaction after it. */
async function rollBack(send: Send): Promise<void> {
  await send('rollback').catch(async (error: unknown) => {
    if (!(error instanceof Skipped)) throw error
    await send('rollback')
  })
}

async function commit(send: Send, unwatched: readonly Promise<unknown>[]): Promise<void> {
  const { command } = await send('commit').catch((error: unknown) => {
    if (error instanceof Skipped) throw error.cause
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
  const faults = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
  return faults.find((fault) => !(fault instanceof Skipped))
}
