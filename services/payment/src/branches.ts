import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Reply } from '@lepton/common/http/reply'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { keepTrace } from '@lepton/common/runtime/trace'
import { cancelPayment, confirmPayment, tryPayment } from '@lepton/contracts/branches'
import type { PaymentState } from '@lepton/contracts/payment'
import type { Phase } from '@lepton/events/tcc/barrier'
import { createParticipant } from '@lepton/events/tcc/participant'
import { refuse } from '@lepton/shop/refuse'
import type { Listener } from './answers.ts'
import { openedCard } from './card.ts'
import type { Deps } from './deps.ts'
import type { Intent, Verdict } from './domain.ts'
import { lockPayments, type PaymentChanges } from './payments.ts'
import { stateOf } from './store.ts'
import { paymentBranch } from './two-phase.ts'

const ANSWER_WAIT_MS = 2_000
/** Another instance may have asked the processor. */
const LOOK_EVERY_MS = 200
/** Of what the coordinator waits: a later answer makes this instance look slow, and on a busy machine comes too late. */
const ANSWER_SHARE = 0.7

/** The branch of two-phase orders. */
export function branchRoutes(deps: Deps): Endpoint[] {
  const { anomalies, log, tasksMade } = deps
  const ask = createParticipant<Intent, Verdict, PaymentState, PaymentChanges>(
    deps,
    {
      lock: (tx, requests, areNew) =>
        lockPayments(
          tx,
          requests.map(({ gid }) => gid),
          areNew,
        ),
      branch: (changes, { gid, intent }) => paymentBranch(changes.payment(gid), intent),
      carryOut: (changes, { trace }, verdict) => changes.carryOut(verdict, trace),
      onContradiction: ({ gid, phase }, { barrier }) => {
        anomalies.inc(1)
        log.error({ order_id: gid, phase, barrier }, 'the decision contradicts the payment')
      },
      onStored: (tx, changes) => tasksMade.notify({ tx, count: changes.newTasks }),
    },
    (changes, gid) => changes.payment(gid).state,
  )

  async function meet(phase: Phase, order_id: string, intent?: Intent): Promise<PaymentState> {
    const { state, is } = await ask({ gid: order_id, phase, intent, trace: keepTrace() })
    if (is !== 'done') throw refuse('branch-settled', `The payment is ${state}.`)
    return state
  }

  const settle = async (phase: Phase, order_id: string): Promise<Reply> => {
    return { status: 200, body: { order_id, state: await meet(phase, order_id) } }
  }

  return [
    answer(tryPayment, async ({ params: { order_id }, body }) => {
      const payment_token = openedCard(deps, body.payment_token, order_id)
      if (payment_token === undefined)
        throw refuse('invalid-request', 'Some fields are invalid.', {
          errors: [{ pointer: '/payment_token', detail: 'cannot be opened' }],
        })
      const intent = { ...body, payment_token }
      const listener = deps.answers.listen(order_id)
      try {
        const state = await meet('try', order_id, intent)
        const answered = state === 'AUTHORIZING' ? await awaitAnswer(deps, order_id, listener) : state
        return { status: 200, body: { order_id, state: answered } }
      } finally {
        listener.close()
      }
    }),
    answer(confirmPayment, ({ params: { order_id } }) => settle('confirm', order_id)),
    answer(cancelPayment, ({ params: { order_id } }) => settle('cancel', order_id)),
  ]
}

/**
 * Waits for what the card processor answers, nearly as long as the coordinator does: AUTHORIZING is then the honest answer.
 * A card that is slow is no fault of this instance, so it must not look like one.
 */
async function awaitAnswer({ database }: Deps, order_id: string, listener: Listener): Promise<PaymentState> {
  const endsAtMs = performance.now() + Math.min(ANSWER_WAIT_MS, (remainingMs() ?? Infinity) * ANSWER_SHARE)
  for (;;) {
    const leftMs = endsAtMs - performance.now()
    if (leftMs <= 0) return 'AUTHORIZING'
    const heard = await listener.next(Math.min(LOOK_EVERY_MS, leftMs))
    const state = heard ?? (await stateOf(database, order_id))
    if (state !== undefined && state !== 'AUTHORIZING') return state
  }
}
