import type { Database } from './postgres/database.ts'
import { audit, type Cause } from './audit.ts'

/**
 * Puts archived events made in [since, until) back into the queue of the relay, so that a lost log is rebuilt.
 *
 * Consumers drop what they know. The shards are taken from their relays in the same transaction, with their floors:
 * so the relay sees the old rows, sends them before newer ones of the same key, and does not count what the lost log
 * acknowledged. The archive reaches back 14 days.
 *
 * @returns how many events are (or with `dryRun` would be) sent again
 */
export async function republish(
  database: Database,
  { since, until, dryRun }: { since: string; until: string; dryRun: boolean },
  cause: Cause,
): Promise<number> {
  if (dryRun) {
    const { rows } = await database.query<{ events: number }>(
      'select count(*)::int as events from outbox where created_at >= $1 and created_at < $2',
      [since, until],
    )
    return rows[0]!.events
  }
  // Before the rows are looked at: an acknowledgement of the lost log that comes late then takes none of them away.
  await database.query('update relay_lease set owner = null, until = now(), epoch = epoch + 1')
  return database.inTransaction(async (tx) => {
    const { rows } = await tx.query<{ events: number }>(
      `with again as (
         insert into outbox_pending (shard, id, created_at, key, event_id, is_again)
         select mod(hashtextextended(key, 0) & 32767, 16), id, created_at, key, event_id, true from outbox
         where created_at >= $1 and created_at < $2
         on conflict (shard, id) do update set is_again = true returning shard),
       lowered as (update relay_lease set floor = 0, owner = null, until = now())
       select count(*)::int as events from again`,
      [since, until],
    )
    const { events } = rows[0]!
    audit(tx, cause, { action: 'republish', target: `${since} to ${until}`, result: `${events} events` })
    return events
  })
}
