import { answer, type Endpoint, rawBodyOf } from '@lepton/common/http/app'
import { refuse } from '@lepton/shop/refuse'
import type { Database } from '@lepton/events/postgres/database'
import type { Log } from '@lepton/common/runtime/log'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startSweep } from '@lepton/common/runtime/timer'
import { isWebhookSigned, SIGNATURE_HEADER } from '@lepton/common/http/webhook-signature'
import { receiveWebhook } from '@lepton/contracts/payment-routes'
import type { Deps } from './deps.ts'
import type { Operation } from './domain.ts'
import { lookUpTasks } from './tasks.ts'
import { forgetOld, note } from './webhook-store.ts'

const OPERATIONS: Record<string, Operation | undefined> = {
  'charge.authorized': 'AUTH',
  'charge.captured': 'CAPTURE',
  'charge.voided': 'VOID',
  'charge.refunded': 'REFUND',
}

/**
 * Takes what the card processor tells. It is a hint and no more: whatever it says, the processor is asked what
 * it has booked, and only where this service still waits for an answer.
 */
export function webhookRoutes(deps: Deps): Endpoint[] {
  const { answers, database, log, webhookSecrets, webhookToleranceMs: toleranceMs } = deps
  return [
    answer(receiveWebhook, async ({ body, req }) => {
      const clock = { nowMs: Date.now(), toleranceMs }
      if (!isWebhookSigned(webhookSecrets, req.get(SIGNATURE_HEADER), rawBodyOf(req), clock))
        throw refuse('signature-invalid', 'The Webhook-Signature does not fit the body, or is too old.')
      const op = OPERATIONS[body.type]
      if (op !== undefined && answers.isSettled(body.merchant_reference, op)) return { status: 204 }
      const { isNew, isAwaited } = await note(database, body)
      if (isNew && isAwaited) {
        await lookUpTasks(deps, body.merchant_reference).catch((error: unknown) =>
          log.info(
            { err: error, order_id: body.merchant_reference },
            'webhook lookup failed, task will be polled',
          ),
        )
      }
      return { status: 204 }
    }),
  ]
}

/** Forgets events that came 35 days ago: no processor sends them that late. */
export function startWebhookSweep(database: Database, log: Log): Part {
  return startSweep('webhooks', (limit) => forgetOld(database, limit), log)
}
