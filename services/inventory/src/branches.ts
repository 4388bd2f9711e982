import type { Phase } from '@lepton/events/tcc/barrier'
import { type Barriers, lockBarriers } from '@lepton/events/tcc/barrier-rows'
import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { refuse } from '@lepton/shop/refuse'
import { currentTrace } from '@lepton/common/runtime/trace'
import { cancelStock, confirmStock, tryStock } from '@lepton/contracts/branches'
import type { ReservationState } from '@lepton/contracts/inventory'
import { onBranch } from './branch.ts'
import type { Deps } from './deps.ts'
import type { Item } from './domain.ts'
import { holdUntil } from './hold.ts'
import { lockReservations, type ReservationChanges } from './reservations.ts'

interface Request {
  /** Of the request that asks: several share one transaction. */
  traceparent: string | undefined
  phase: Phase
  order_id: string
  items: readonly Item[]
  deadline: string | undefined
}

interface Pending extends Request {
  answered(state: ReservationState, isRefused: boolean): void
}

const MAX_TOGETHER = 100

/**
 * The branch of two-phase orders. Requests that come while a transaction is under way share the next one:
 * one lock of the stock rows in key order and one update for all of them.
 */
export function branchRoutes(deps: Deps): Endpoint[] {
  const commit = createGroupCommit<Pending>((requests) => carryOut(deps, requests), MAX_TOGETHER)

  async function meet(request: Request): Promise<Reply> {
    let met: { state: ReservationState; isRefused: boolean } | undefined
    await commit([{ ...request, answered: (state, isRefused) => void (met = { state, isRefused }) }])
    const { state, isRefused } = met!
    if (isRefused) throw refuse('branch-settled', `The reservation is ${state}.`)
    return { status: 200, body: { order_id: request.order_id, state } }
  }

  return [
    answer(tryStock, ({ params: { order_id }, body: { lines, deadline } }) => {
      const items = lines.map(({ item_id, quantity }) => ({ product_id: item_id, quantity }))
      return meet({ ...asked(), phase: 'try', order_id, items, deadline })
    }),
    answer(confirmStock, ({ params: { order_id } }) => meet(settling('confirm', order_id))),
    answer(cancelStock, ({ params: { order_id } }) => meet(settling('cancel', order_id))),
  ]
}

function settling(phase: Phase, order_id: string): Request {
  return { ...asked(), phase, order_id, items: [], deadline: undefined }
}

function asked(): Pick<Request, 'traceparent'> {
  return { traceparent: currentTrace()?.traceparent }
}

async function carryOut(deps: Deps, requests: readonly Pending[]): Promise<void> {
  const ids = [...new Set(requests.map(({ order_id }) => order_id))]
  const wanted = [...new Set(requests.flatMap(({ items }) => items.map(({ product_id }) => product_id)))]
  await deps.database.inTransaction(async (tx) => {
    const barriers = await lockBarriers(tx, ids)
    const changes = await lockReservations(tx, ids, wanted)
    for (const request of requests) meetOne(deps, request, barriers, changes)
    barriers.store(tx)
    changes.store(tx, deps.outbox)
  })
}

function meetOne(
  { log, anomalies }: Deps,
  { traceparent, phase, order_id, items, deadline, answered }: Pending,
  barriers: Barriers,
  changes: ReservationChanges,
): void {
  const { barrier, verdict, isRefused } = onBranch(phase, {
    barrier: barriers.state(order_id),
    state: changes.reservation(order_id).state,
    items,
    availableOf: (id) => changes.availableOf(id),
  })
  if (verdict.kind === 'anomaly') {
    anomalies.inc(1)
    log.error({ order_id, phase, barrier }, 'the coordinator decided what the branch is not ready for')
  }
  barriers.set(order_id, barrier)
  if (deadline !== undefined && (verdict.kind === 'move' || verdict.kind === 'reject'))
    changes.want(order_id, items, holdUntil(deadline))
  changes.carryOut(order_id, verdict, { traceparent })
  answered(changes.reservation(order_id).state, isRefused)
}
