import type { MeshClient } from '@lepton/common/mesh/client'
import { Unavailable } from '@lepton/common/runtime/problem'
import { type Participant, participantIn } from '@lepton/contracts/governance'
import type { Database } from '@lepton/events/postgres/database'
import { refuse } from '@lepton/shop/refuse'
import { setTimeout as delay } from 'node:timers/promises'
import type { TryResult } from './order.ts'
import { type Decided, moveTransactions, type Participants } from './transaction-store.ts'

// Branches of services that are not the shop's: by paths that their instances say in the registry, over the mesh, without
// a token of ours.

/** How long discovery may take to answer about a service that was never asked for, and how often that is looked at. */
const DISCOVERY_MS = 1_000
const LOOK_EVERY_MS = 25

type Phase = keyof Participant
interface Asking {
  mesh: MeshClient
  branchTimeoutMs: number
}

const SECOND_PHASE = { CONFIRMING: 'confirm', CANCELLING: 'cancel' } as const

/** @throws Refusal `not-found` for a service that is not registered, `not-a-participant` for one that takes no part */
export async function findParticipant(mesh: MeshClient, service: string): Promise<Participant> {
  const instances = () => mesh.instances(service).filter(({ tier }) => tier !== 'gone')
  for (let waitedMs = 0; instances().length === 0 && waitedMs < DISCOVERY_MS; waitedMs += LOOK_EVERY_MS)
    await delay(LOOK_EVERY_MS)
  if (instances().length === 0) throw refuse('not-found', `No instance of ${service} is registered.`)
  for (const { meta } of instances()) {
    const participant = participantIn(meta)
    if (participant !== undefined) return participant
  }
  throw refuse(
    'not-a-participant',
    `${service} does not say by which paths it prepares, confirms and cancels.`,
  )
}

export async function prepareParticipant(
  asking: Asking,
  gid: string,
  [service, participant]: [string, Participant],
  data: object,
): Promise<TryResult> {
  const status = await put(asking, { gid, service, participant, phase: 'prepare' }, data)
  if (status < 300) return 'accepted'
  return status < 500 ? 'refused' : 'unanswered'
}

/** @throws Refusal `branch-settled` where the participant answers 409: it has done the opposite */
export async function settleParticipant(
  asking: Asking,
  { gid, participants }: { gid: string; participants: Participants },
  service: string,
  state: keyof typeof SECOND_PHASE,
): Promise<void> {
  const phase = SECOND_PHASE[state]
  const status = await put(asking, { gid, service, participant: participants[service]!, phase })
  if (status < 300) return
  if (status === 409) throw refuse('branch-settled', `${service} answered 409 to ${phase}.`)
  throw new Unavailable(service, { cause: new Error(`it answered ${status} to ${phase}`) })
}

/** Decides about a transaction that is still open; one that is decided stays so. */
export async function decideParticipants(database: Database, decided: Decided): Promise<void> {
  await database.inTransaction((tx) => {
    moveTransactions(tx, [decided])
    return Promise.resolve()
  })
}

/** PUT, because asking again is harmless: the mesh may repeat it at another instance. */
async function put(
  { mesh, branchTimeoutMs }: Asking,
  {
    gid,
    service,
    participant,
    phase,
  }: { gid: string; service: string; participant: Participant; phase: Phase },
  data: object = {},
): Promise<number> {
  const { status } = await mesh.request({
    service,
    operation: `${phase}_participant`,
    method: 'PUT',
    path: participant[phase].replaceAll('{id}', gid),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...data, transaction_id: gid }),
    deadlineMs: branchTimeoutMs,
  })
  return status
}
