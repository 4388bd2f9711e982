import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import type { KeptTrace } from '@lepton/common/runtime/trace'
import type { Outbox } from '../outbox.ts'
import type { Database } from '../postgres/database.ts'
import type { Tx } from '../postgres/transaction.ts'
import { type Branch, type Meeting, meetBranch, type Phase } from './barrier.ts'
import { lockBarriers } from './barrier-rows.ts'

export interface PhaseRequest<Intent> {
  /** Names the global transaction; this service is one branch of it. */
  gid: string
  phase: Phase
  /** What a try asks for. */
  intent: Intent | undefined
  /** Of this request: several share one transaction. */
  trace: KeptTrace
}

export interface Participant<Intent, Verdict, Changes extends { store(tx: Tx, outbox: Outbox): void }> {
  /** Locks the rows of these requests, always in the same order; after their barriers. `areNew`: they are likely missing. */
  lock(tx: Tx, requests: readonly PhaseRequest<Intent>[], areNew: boolean): Promise<Changes>
  /** The state of the branch. Pure: it reads what is locked. */
  branch(changes: Changes, request: PhaseRequest<Intent>): Branch<Verdict>
  carryOut(changes: Changes, request: PhaseRequest<Intent>, verdict: Verdict): void
  /** Gets what contradicts the decision of the coordinator. */
  onContradiction(request: PhaseRequest<Intent>, meeting: Meeting<Verdict>): void
  /** Runs in the transaction, when all is stored. */
  onStored?(tx: Tx, changes: Changes): void
}

const MAX_TOGETHER = 100

/**
 * One branch of two-phase transactions: each request is met once, in one transaction with its barrier.
 *
 * Requests that come while a transaction is in flight share the next one: one lock of the rows in key order and one
 * update for all of them.
 *
 * @returns what meets a request: the state of the branch afterwards, and whether the request was done, late or a contradiction
 */
export function createParticipant<
  Intent,
  Verdict,
  State,
  Changes extends { store(tx: Tx, outbox: Outbox): void },
>(
  { database, outbox }: { database: Database; outbox: Outbox },
  participant: Participant<Intent, Verdict, Changes>,
  stateOf: (changes: Changes, gid: string) => State,
): (request: PhaseRequest<Intent>) => Promise<{ state: State; is: Meeting<Verdict>['is'] }> {
  interface Pending {
    request: PhaseRequest<Intent>
    met?: { state: State; is: Meeting<Verdict>['is'] }
  }

  const commit = createGroupCommit<Pending>(async (pending) => {
    const requests = pending.map(({ request }) => request)
    await database.inTransaction(async (tx) => {
      const areNew = requests.every(({ phase }) => phase === 'try')
      const barriers = await lockBarriers(
        tx,
        requests.map(({ gid }) => gid),
        areNew,
      )
      const changes = await participant.lock(tx, requests, areNew)
      for (const one of pending) {
        const { request } = one
        const branch = participant.branch(changes, request)
        const meeting = meetBranch(barriers.state(request.gid), request.phase, branch)
        barriers.set(request.gid, meeting.barrier)
        if (meeting.is === 'contradiction') participant.onContradiction(request, meeting)
        if (meeting.verdict !== undefined) participant.carryOut(changes, request, meeting.verdict)
        one.met = { state: stateOf(changes, request.gid), is: meeting.is }
      }
      barriers.store(tx)
      changes.store(tx, outbox)
      participant.onStored?.(tx, changes)
    })
  }, MAX_TOGETHER)

  return async (request) => {
    const pending: Pending = { request }
    await commit([pending])
    return pending.met!
  }
}
