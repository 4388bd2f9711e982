import type { ChargeWebhook } from '@lepton/contracts/psp'
import type { Database } from '@lepton/events/postgres/database'

/** Notes an event of the processor once. `isAwaited`: a task of its order is open. */
export async function note(
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

/** Deletes up to `limit` events of more than 35 days ago; returns how many. */
export async function forgetOld(database: Database, limit: number): Promise<number> {
  const { rowCount } = await database.query(
    `delete from webhook_inbox where event_id in (
       select event_id from webhook_inbox where at < now() - interval '35 days' limit $1)`,
    [limit],
  )
  return rowCount ?? 0
}
