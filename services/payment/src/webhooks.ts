import { answer, type Endpoint, rawBodyOf } from '@lepton/common/http/app'
import { refuse } from '@lepton/shop/refuse'
import type { Database } from '@lepton/events/postgres/postgres'
import type { Log } from '@lepton/common/runtime/log'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import { isWebhookSigned, SIGNATURE_HEADER } from '@lepton/common/http/webhook-signature'
import type { ChargeWebhook } from '@lepton/contracts/psp'
import { receiveWebhook } from '@lepton/contracts/routes'
import type { Deps } from './deps.ts'
import { lookUpTasks } from './tasks.ts'

const SWEEP_EVERY_MS = 3_600_000
const SWEEP_BATCH = 1_000

/**
 * Takes what the card processor tells. It is a hint and no more: whatever it says, the processor is asked what
 * it has booked, and only where this service still waits for an answer.
 */
export function webhookRoutes(deps: Deps): Endpoint[] {
  const { database, log, webhookSecrets, webhookToleranceMs: toleranceMs } = deps
  return [
    answer(receiveWebhook, async ({ body, req }) => {
      const clock = { nowMs: Date.now(), toleranceMs }
      if (!isWebhookSigned(webhookSecrets, req.get(SIGNATURE_HEADER), rawBodyOf(req), clock))
        throw refuse('signature-invalid', 'The Webhook-Signature does not fit the body, or is too old.')
      const { isNew, isAwaited } = await note(database, body)
      if (isNew && isAwaited) {
        await lookUpTasks(deps, body.merchant_reference).catch((error: unknown) =>
          log.info({ err: error, order_id: body.merchant_reference }, 'a hint led nowhere; the task goes on'),
        )
      }
      return { status: 204 }
    }),
  ]
}

/** Notes an event of the processor once, and tells whether anybody waits for it. */
async function note(
  database: Database,
  { event_id, merchant_reference, type }: ChargeWebhook,
): Promise<{ isNew: boolean; isAwaited: boolean }> {
  const { rows } = await database.query<{ is_new: boolean; is_awaited: boolean }>(
    `with noted as (
       insert into webhook_inbox (event_id, order_id, type) values ($1, $2, $3) on conflict do nothing returning 1)
     select exists (select from noted) as is_new,
       exists (select from psp_task where order_id = $2 and outcome is null) as is_awaited`,
    [event_id, merchant_reference, type],
  )
  return { isNew: rows[0]!.is_new, isAwaited: rows[0]!.is_awaited }
}

/** Forgets events that were told 35 days ago: no processor tells them that late. */
export function startWebhookSweep(database: Database, log: Log): Part {
  return startTimer(
    'webhooks',
    SWEEP_EVERY_MS,
    async () => {
      const { rowCount } = await database.query(
        `delete from webhook_inbox where event_id in (
           select event_id from webhook_inbox where at < now() - interval '35 days' limit $1)`,
        [SWEEP_BATCH],
      )
      return rowCount === SWEEP_BATCH
    },
    log,
  )
}
