import { answer, type Endpoint } from '@lepton/common/http/app'
import { nameOf } from '@lepton/common/http/auth'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { newId } from '@lepton/common/runtime/id'
import { getTransaction, runTransaction } from '@lepton/contracts/transactions'
import { audit } from '@lepton/events/audit'
import { idempotently } from '@lepton/events/idempotency'
import { refuse } from '@lepton/shop/refuse'
import type { Coordinator } from './coordinator.ts'
import type { Deps } from './deps.ts'
import { decideParticipants, findParticipant, prepareParticipant } from './participants.ts'
import {
  findTransaction,
  type Participants,
  registerParticipants,
  type Transaction,
} from './transaction-store.ts'
import { tryAll } from './try-phase.ts'

/** Transactions over two services that anyone may have registered, driven by the coordinator of two-phase orders. */
export function transactionRoutes(deps: Deps, coordinator: Pick<Coordinator, 'settle'>): Endpoint[] {
  const { database, mesh } = deps
  return [
    answer(runTransaction, async ({ body, caller, path, idempotencyKey: key }) => {
      const { service_a, service_b, data = {} } = body
      // What is not found is the answer to a new key only: a repeat gets what its first request did.
      const found = await findAll(mesh, [service_a, service_b]).catch((error: unknown) => error as Error)
      const request = { owner: caller.subject, route: path, key, body }
      let participants: Participants | undefined
      const reply = await idempotently(database, request, async (tx) => {
        if (found instanceof Error) throw found
        participants = found
        const gid = newId()
        await registerParticipants(tx, gid, participants, deps.twoPhaseDeadlineMs)
        const cause = { who: nameOf(caller), reason: `POST ${path}` }
        audit(tx, cause, { action: 'transaction', target: `${service_a}, ${service_b}`, result: gid })
        return { status: 200, body: { transaction_id: gid } }
      })
      const { transaction_id: gid } = reply.body as { transaction_id: string }
      if (participants !== undefined) {
        await prepareAndDecide(deps, gid, participants, data)
        await coordinator.settle()
      }
      return { ...reply, body: outcomeOf((await findTransaction(database, gid))!) }
    }),

    answer(getTransaction, async ({ params: { transaction_id } }) => {
      const found = await findTransaction(database, transaction_id)
      if (found === undefined) throw refuse('not-found', 'There is no such transaction.')
      return { status: 200, body: found }
    }),
  ]
}

async function findAll(mesh: Deps['mesh'], services: readonly string[]): Promise<Participants> {
  const found = await Promise.all(
    services.map(async (service) => [service, await findParticipant(mesh, service)] as const),
  )
  return Object.fromEntries(found)
}

/** The first phase and the decision. If the process dies in between, the deadline cancels; after it, the decision is carried out. */
async function prepareAndDecide(
  deps: Deps,
  gid: string,
  participants: Participants,
  data: object,
): Promise<void> {
  failpoint('tcc.after_register')
  const all = Object.entries(participants)
  const results = await tryAll(
    deps,
    gid,
    all.map((participant) => () => prepareParticipant(deps, gid, participant, data)),
  )
  const against = all.flatMap(([service], index) => {
    if (results[index] === 'accepted') return []
    return [results[index] === 'refused' ? `${service} refused` : `${service} did not answer`]
  })
  await decideParticipants(
    deps.database,
    against.length === 0
      ? { gid, state: 'CONFIRMING' }
      : { gid, state: 'CANCELLING', reason: against.join(', ') },
  )
  failpoint('tcc.after_decision')
}

/** @throws Refusal for a transaction that is not confirmed */
function outcomeOf(transaction: Transaction) {
  const { state, reason, participants } = transaction
  const names = participants.map(({ service }) => service).join(' and ')
  switch (state) {
    case 'CONFIRMED':
      return { ...transaction, status: 'success' as const, message: `${names} have confirmed.` }
    case 'CONFIRMING': {
      const open = participants.filter(({ has_settled }) => !has_settled).map(({ service }) => service)
      const message = `It is confirmed; ${open.join(' and ')} will be asked until it has carried that out.`
      return { ...transaction, status: 'success' as const, message }
    }
    case 'CANCELLING':
    case 'CANCELLED':
      throw refuse('transaction-cancelled', `Nothing was done: ${reason}.`)
    case 'STOPPED':
      throw refuse(
        'branch-settled',
        'A participant has done the opposite of the decision: a person must look.',
      )
    case 'TRYING':
      throw refuse('request-in-progress', 'The participants are being asked.', { retryAfterS: 1 })
  }
}
