import type { Phase } from '@lepton/events/tcc/barrier'
import { type Barriers, lockBarriers } from '@lepton/events/tcc/barrier-rows'
import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { refuse } from '@lepton/shop/refuse'
import { currentTrace } from '@lepton/common/runtime/trace'
import { cancelPayment, confirmPayment, tryPayment } from '@lepton/contracts/branches'
import type { PaymentState } from '@lepton/contracts/payment'
import { onBranch } from './branch.ts'
import type { Deps } from './deps.ts'
import type { Intent } from './domain.ts'
import { lockPayments, type PaymentChanges } from './payments.ts'

interface Request {
  /** Of the request that asks: several share one transaction. */
  traceparent: string | undefined
  phase: Phase
  order_id: string
  intent: Intent | undefined
}

interface Pending extends Request {
  answered(state: PaymentState, isRefused: boolean): void
}

const MAX_TOGETHER = 100
const ANSWER_WAIT_MS = 2_000
/** Another instance may have asked the processor. */
const LOOK_EVERY_MS = 200
/** For our own answer to arrive while the coordinator still listens. */
const MARGIN_MS = 50

/** The branch of two-phase orders. Requests that come while a transaction is under way share the next one. */
export function branchRoutes(deps: Deps): Endpoint[] {
  const commit = createGroupCommit<Pending>((requests) => carryOut(deps, requests), MAX_TOGETHER)

  async function meet(request: Request): Promise<PaymentState> {
    let met: { state: PaymentState; isRefused: boolean } | undefined
    await commit([{ ...request, answered: (state, isRefused) => void (met = { state, isRefused }) }])
    const { state, isRefused } = met!
    if (isRefused) throw refuse('branch-settled', `The payment is ${state}.`)
    return state
  }

  const settle = async (phase: Phase, order_id: string): Promise<Reply> => {
    const state = await meet({ ...asked(), phase, order_id, intent: undefined })
    return { status: 200, body: { order_id, state } }
  }

  return [
    answer(tryPayment, async ({ params: { order_id }, body: intent }) => {
      const state = await meet({ ...asked(), phase: 'try', order_id, intent })
      const answered = state === 'AUTHORIZING' ? await awaitAnswer(deps, order_id) : state
      return { status: 200, body: { order_id, state: answered } }
    }),
    answer(confirmPayment, ({ params: { order_id } }) => settle('confirm', order_id)),
    answer(cancelPayment, ({ params: { order_id } }) => settle('cancel', order_id)),
  ]
}

function asked(): Pick<Request, 'traceparent'> {
  return { traceparent: currentTrace()?.traceparent }
}

async function carryOut(deps: Deps, requests: readonly Pending[]): Promise<void> {
  const ids = [...new Set(requests.map(({ order_id }) => order_id))]
  await deps.database.inTransaction(async (tx) => {
    const barriers = await lockBarriers(tx, ids)
    const changes = await lockPayments(tx, ids)
    for (const request of requests) meetOne(deps, request, barriers, changes)
    barriers.store(tx)
    changes.store(tx, deps.outbox)
    if (changes.hasTasks) tx.afterCommit(deps.wakeTasks)
  })
}

function meetOne(
  { log, anomalies }: Deps,
  { traceparent, phase, order_id, intent, answered }: Pending,
  barriers: Barriers,
  changes: PaymentChanges,
): void {
  const { barrier, verdict, isRefused } = onBranch(phase, {
    barrier: barriers.state(order_id),
    payment: changes.payment(order_id),
    intent,
  })
  if (verdict.isAnomaly === true) {
    anomalies.inc(1)
    log.error({ order_id, phase, barrier }, 'the coordinator decided what the branch is not ready for')
  }
  barriers.set(order_id, barrier)
  changes.carryOut(verdict, { traceparent })
  answered(verdict.payment.state, isRefused)
}

/**
 * Waits for what the card processor answers, as long as the coordinator does: AUTHORIZING is then the honest answer.
 * A card that is slow is no fault of this instance, so it must not look like one.
 */
async function awaitAnswer({ database, answers }: Deps, order_id: string): Promise<PaymentState> {
  const endsAtMs = performance.now() + Math.min(ANSWER_WAIT_MS, (remainingMs() ?? Infinity) - MARGIN_MS)
  for (;;) {
    const leftMs = endsAtMs - performance.now()
    if (leftMs <= 0) return 'AUTHORIZING'
    const heard = answers.next(order_id, Math.min(LOOK_EVERY_MS, leftMs))
    const { rows } = await database.query<{ state: PaymentState }>(
      'select state from payment where order_id = $1',
      [order_id],
    )
    const state = rows[0]?.state
    if (state !== undefined && state !== 'AUTHORIZING') return state
    await heard
  }
}
