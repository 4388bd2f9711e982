import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '@lepton/common/http/ask'
import type { Asker } from '@lepton/common/http/admit'
import { remainingMs } from '@lepton/common/runtime/deadline'
import { getOrder } from '@lepton/contracts/order-routes'
import type { Status } from '@lepton/contracts/order'
import type { Deps } from './deps.ts'

const UNDECIDED: readonly Status[] = ['SUBMITTED', 'PLACED', 'RESERVED']
const LOOK = { firstMs: 25, mostMs: 200 }
/** For our own answer to arrive while the caller still listens. */
const ANSWER_MS = 300

/**
 * The status that the order of a two-phase checkout has once it is decided, or after `decisionWaitMs`.
 *
 * The checkout is accepted already: whatever the order service answers instead of an order decides nothing about it,
 * and leaves it SUBMITTED.
 */
export async function decidedStatus(
  { mesh, log, decisionWaitMs }: Deps,
  order_id: string,
  { as }: Asker,
): Promise<Status> {
  const patienceMs = Math.min(decisionWaitMs, (remainingMs() ?? Number.POSITIVE_INFINITY) - ANSWER_MS)
  const endsAtMs = performance.now() + patienceMs
  let status: Status = 'SUBMITTED'
  for (let waitMs = LOOK.firstMs; performance.now() < endsAtMs; waitMs = Math.min(LOOK.mostMs, waitMs * 2)) {
    try {
      const order = await ask(mesh, getOrder, { params: { order_id }, as })
      status = order.status
      if (!UNDECIDED.includes(status)) return status
    } catch (error) {
      log.info({ err: error, order_id }, 'the checkout is answered without its decision')
      return status
    }
    await delay(Math.min(waitMs, Math.max(0, endsAtMs - performance.now())))
  }
  return status
}
