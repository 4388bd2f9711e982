import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { keepTrace } from '@lepton/common/runtime/trace'
import { cancelStock, confirmStock, tryStock } from '@lepton/contracts/branches'
import type { Phase } from '@lepton/events/tcc/barrier'
import { createParticipant } from '@lepton/events/tcc/participant'
import { refuse } from '@lepton/shop/refuse'
import type { Deps } from './deps.ts'
import type { Item, Verdict } from './domain.ts'
import { holdUntil } from './hold.ts'
import { lockReservations, type ReservationChanges } from './reservations.ts'
import { stockBranch } from './two-phase.ts'

interface Intent {
  items: readonly Item[]
  deadline: string
}

/** The branch of two-phase orders. */
export function branchRoutes(deps: Deps): Endpoint[] {
  const { anomalies, log } = deps
  const ask = createParticipant<Intent, Verdict, string, ReservationChanges>(
    deps,
    {
      lock: (tx, requests, areNew) =>
        lockReservations(
          tx,
          requests.map(({ gid }) => gid),
          requests.flatMap(({ intent }) => intent?.items.map(({ product_id }) => product_id) ?? []),
          areNew,
        ),
      branch: (changes, { gid, intent }) =>
        stockBranch(changes.reservation(gid).state, intent?.items ?? [], (id) => changes.availableOf(id)),
      carryOut: (changes, { gid, intent, trace }, verdict) => {
        if (intent !== undefined && (verdict.kind === 'move' || verdict.kind === 'reject'))
          changes.want(gid, intent.items, holdUntil(intent.deadline))
        changes.carryOut(gid, verdict, trace)
      },
      onContradiction: ({ gid, phase }, { barrier }) => {
        anomalies.inc(1)
        log.error({ order_id: gid, phase, barrier }, 'the decision contradicts the reservation')
      },
    },
    (changes, gid) => changes.reservation(gid).state,
  )

  async function meet(phase: Phase, order_id: string, intent?: Intent): Promise<Reply> {
    const { state, is } = await ask({ gid: order_id, phase, intent, trace: keepTrace() })
    if (is !== 'done') throw refuse('branch-settled', `The reservation is ${state}.`)
    return { status: 200, body: { order_id, state } }
  }

  return [
    answer(tryStock, ({ params: { order_id }, body: { lines, deadline } }) => {
      const items = lines.map(({ item_id, quantity }) => ({ product_id: item_id, quantity }))
      return meet('try', order_id, { items, deadline })
    }),
    answer(confirmStock, ({ params: { order_id } }) => meet('confirm', order_id)),
    answer(cancelStock, ({ params: { order_id } }) => meet('cancel', order_id)),
  ]
}
