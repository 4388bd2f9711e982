import type { Violation } from '@lepton/contracts/audit'
import type { Topic } from '@lepton/contracts/topics'
import type { Database } from '@lepton/events/postgres/database'

/** How the archive has the events of one key. */
export interface Archived {
  events: number
  first: number | null
  last: number | null
  /** The archive goes back far enough to have them all. */
  is_whole: boolean
}

/** SQL for the archived events of a row with `order_id` and `updated_at`, in the row's own snapshot. */
export function archivedOf(topic: Topic, row: string): string {
  return `(select json_build_object('events', count(*), 'first', min(a.pub_seq), 'last', max(a.pub_seq),
      'is_whole', ${row}.updated_at > now() - interval '10 days')
    from outbox a where a.key = ${row}.order_id::text and a.topic = '${topic}')`
}

/** I9 and I10 of one key, as far as the database knows: every position it gave out is in the archive once. */
export function checkArchive(order_id: string, pub_seq: number, archived: Archived): Violation[] {
  const { events, first, last, is_whole } = archived
  if (events === 0 && (pub_seq === 0 || !is_whole)) return []
  const isContiguous = last === pub_seq && last - first! + 1 === events && (first === 1 || !is_whole)
  if (isContiguous) return []
  const what = `published ${pub_seq} events, the archive has ${events} from ${first} to ${last}`
  return [{ invariant: 'I10', what, order_id }]
}

/** What waits too long to be sent (I10), and what could not be applied (I14). */
export async function messagingFindings(database: Database, service: string): Promise<Violation[]> {
  const waiting = await database.query<{ events: number }>(
    `select count(*)::int as events from outbox_pending where created_at < now() - interval '1 minute'`,
  )
  const letters = await database.query<{
    id: number
    key: string
    status: string
    error_message: string | null
  }>(
    `select id, key, status, error_message from dead_letter where status in ('DEAD', 'BLOCKED') order by id limit 20`,
  )
  const { events } = waiting.rows[0]!
  return [
    ...(events === 0
      ? []
      : [{ invariant: 'I10', what: `${service}: ${events} events wait to be sent for more than a minute` }]),
    ...letters.rows.map(({ id, key, status, error_message }) => ({
      invariant: 'I14',
      what: `${service}-${id} is ${status}: ${error_message ?? 'it waits behind another'}`,
      order_id: key,
    })),
  ]
}
