import { createHash } from 'node:crypto'
import type { Database } from './postgres/database.ts'
import { LockBusy, type Tx } from './postgres/transaction.ts'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { problemDocument, Refusal, refusalOf, refuse } from '@lepton/common/runtime/problem'

/** The answer to a request: what is stored under its key. */
export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export interface IdempotentRequest {
  /** Whose key it is: the token's subject. */
  owner: string
  /** The path as it was asked for. */
  route: string
  /** Without a key the work simply runs. */
  key: string | undefined
  body: unknown
}

const MAX_LOCK_WAIT_MS = 1_000
/** What the answer "still running" needs to arrive before the caller gives up. */
const ANSWER_MS = 100

/**
 * Runs `work` once for a key: its reply is stored in the same transaction as its changes, and a
 * repeat gets the stored reply with `Idempotency-Replayed: true`.
 *
 * Twins wait for each other up to a second, or as long as the caller waits. No row says "running", so a crash leaves nothing stuck.
 * After the IETF draft "The Idempotency-Key HTTP Header Field".
 *
 * @throws Refusal `idempotency-key-reused` for the same key with another body, `request-in-progress`
 *   while the first is still running
 */
export async function idempotently(
  database: Database,
  { owner, route, key, body }: IdempotentRequest,
  work: (tx: Tx) => Promise<Reply>,
): Promise<Reply> {
  if (key === undefined) {
    return committed(() => database.inTransaction(async (tx) => beforeCommit(await work(tx))))
  }
  const fingerprint = createHash('sha256').update(canonicalJson(body)).digest()
  const lock = {
    id: createHash('sha256')
      .update(JSON.stringify([owner, route, key]))
      .digest()
      .readBigInt64BE(),
    waitMs: Math.round(
      Math.max(1, Math.min(MAX_LOCK_WAIT_MS, (remainingMs() ?? Number.POSITIVE_INFINITY) - ANSWER_MS)),
    ),
  }
  const id = [owner, route, key]

  async function once(run: (tx: Tx) => Promise<Reply>): Promise<Reply> {
    const reply = () =>
      database.inTransaction(
        async (tx) => {
          // A second statement, so that its snapshot is younger than the lock.
          const { rows } = await tx.query<Stored>(
            'select fingerprint, status, body, headers from idempotency where owner = $1 and route = $2 and key = $3',
            id,
          )
          if (rows[0] !== undefined) return replay(rows[0], fingerprint)
          const { status, body: answer = null, headers = {} } = await run(tx)
          tx.write(
            `insert into idempotency (owner, route, key, fingerprint, status, body, headers)
           values ($1, $2, $3, $4, $5, $6, $7)`,
            [...id, fingerprint, status, JSON.stringify(answer), JSON.stringify(headers)],
          )
          return beforeCommit({ status, body: answer, headers })
        },
        { lock },
      )
    return committed(reply)
  }

  try {
    return await once(work)
  } catch (error) {
    if (error instanceof LockBusy) {
      throw refuse('request-in-progress', 'The first request with this key has not been answered yet.', {
        retryAfterS: 1,
      })
    }
    if (!(error instanceof Refusal) || !isDecision(error)) throw error
    // What `work` had done is rolled back; the refusal itself is the answer to this key from now on.
    return once(() => Promise.resolve({ status: error.status, body: problemDocument(error) })).then(() => {
      throw error
    })
  }
}

interface Stored {
  fingerprint: Buffer
  status: number
  body: unknown
  headers: Record<string, string>
}

/** Refusals that ask to try again, or that this very module made, are not kept. */
function isDecision({ slug, retryAfterS }: Refusal): boolean {
  return retryAfterS === undefined && slug !== 'idempotency-key-reused'
}

function replay(stored: Stored, fingerprint: Buffer): Reply {
  if (!stored.fingerprint.equals(fingerprint)) {
    throw refuse('idempotency-key-reused', 'This key belongs to an earlier request with another body.')
  }
  const refusal = stored.status >= 400 ? refusalOf(stored.body) : undefined
  if (refusal !== undefined) throw refusal
  const { status, body, headers } = stored
  return { status, body, headers: { ...headers, 'idempotency-replayed': 'true' } }
}

/** JSON with sorted keys, so that the same content has the same fingerprint however it was written. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'null'
  )
}

function beforeCommit(reply: Reply): Reply {
  failpoint('http.before_commit')
  return reply
}

async function committed(work: () => Promise<Reply>): Promise<Reply> {
  const reply = await work()
  failpoint('http.after_commit')
  return reply
}
