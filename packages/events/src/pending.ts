import type pg from 'pg'
import type { PendingEvent } from './outbox.ts'
import { prepared } from './postgres/prepared.ts'

// What it writes may be lost with the server: a row that stays pending is sent again, and dropped as a repeat. The
// flush of each delete would delay the commits of those who emit.
export const RELAY_SESSION = 'set synchronous_commit to off'

// Each shard gives its first rows by the index, so a batch costs the same however long the backlog is. The lateral
// join with OFFSET 0 probes the archive once a row; a plain join scans all of it.
export const SELECT_BATCH = `
  with p as materialized (
    select p.*, l.epoch from relay_lease l, lateral (
      select shard, id, created_at from outbox_pending
      where shard = l.shard and id > l.floor and created_at <= now() - $4 * interval '1 ms'
      order by id limit $2) p
    where l.shard = any($1::smallint[]) and l.owner = $3
    order by p.id limit $2)
  select p.shard, p.id, p.epoch, o.event_id, o.topic, o.key, o.pub_seq, o.type, o.payload::text as payload, o.headers
  from p, lateral (
    select event_id, topic, key, pub_seq, type, payload, headers from outbox o
    where o.created_at = p.created_at and o.id = p.id offset 0) o
  order by p.id`

// What was sent is looked up row by row, too: where statistics call the table empty, a join compares
// each row of a backlog with the whole batch.
export const DELETE_BATCH = `
  delete from outbox_pending where ctid = any (array(
    select p.ctid from unnest($1::smallint[], $2::bigint[], $3::int[]) as sent(shard, id, epoch)
    join relay_lease l using (shard, epoch), lateral (
      select ctid from outbox_pending where shard = sent.shard and id = sent.id offset 0) p))`

/**
 * The first pending events of the shards, in the order of their ids.
 *
 * @param minAgeMs leaves out younger ones, which the process that committed them is sending
 */
export async function readPending(
  connection: pg.Client,
  { shards, owner, limit, minAgeMs }: { shards: number[]; owner: string; limit: number; minAgeMs: number },
): Promise<PendingEvent[]> {
  const { rows } = await connection.query<PendingEvent>(
    prepared(SELECT_BATCH, [shards, limit, owner, minAgeMs]),
  )
  return rows
}

/**
 * Takes away what the broker acknowledged, except where it was put back to be sent again since: an
 * acknowledgement of a log that is gone takes nothing from what the next log needs.
 */
export async function removePending(connection: pg.Client, events: readonly PendingEvent[]): Promise<void> {
  const column = (of: (event: PendingEvent) => number) => events.map(of)
  await connection.query(
    prepared(DELETE_BATCH, [
      column(({ shard }) => shard),
      column(({ id }) => id),
      column(({ epoch }) => epoch),
    ]),
  )
}
