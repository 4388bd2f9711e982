import type { ChargeWebhook } from '@lepton/contracts/psp'
import type { Database } from '@lepton/events/postgres/database'

/**
 * Notes an event of the processor once. `isAwaited`: a task of its order is open. One that only repeats what the answer
 * to a request said is not noted: nothing is written then, and nothing flushed.
 */
export async function note(
  database: Database,
  { event_id, merchant_reference, type }: ChargeWebhook,
): Promise<{ isNew: boolean; isAwaited: boolean }> {
  const { rows } = await database.query<{ is_new: boolean; is_awaited: boolean }>(
    `with awaited as materialized (select from psp_task where order_id = $2 and outcome is null limit 1),
     noted as (
       insert into webhook_inbox (event_id, order_id, type) select $1, $2, $3 from awaited
       on conflict do nothing returning 1)
     select exists (select from noted) as is_new, exists (select from awaited) as is_awaited`,
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
