import type pg from 'pg'
import { newId } from '@lepton/common/runtime/id'
import { prepared } from './postgres/prepared.ts'

const LEASE_MS = 3_000
const RENEW_MS = 1_000
export const SHARDS = 16

const RENEW = `
  with beat as (
    insert into relay_member (id, until) values ($1, now() + $2 * interval '1 ms')
    on conflict (id) do update set until = excluded.until returning id),
  gone as (delete from relay_member where until < now() - interval '1 minute'),
  live as (select count(*)::int + 1 as members from relay_member where until > now() and id <> $1),
  kept as (update relay_lease set until = now() + $2 * interval '1 ms'
    where owner = $1 and until > now() returning shard)
  select l.shard, kept.shard is not null as owned, l.until <= now() as open, members
  from relay_lease l left join kept using (shard), live, beat order by l.shard`

export interface Lease {
  readonly me: string
  renewIfDue(connection: pg.Client): Promise<void>
  /** Something left the outbox: only then is there a floor to raise. */
  noteSent(): void
  shards(): number[]
  holds(shard: number): boolean
  dueInMs(): number
  /** Gives the shards away at once, so that another process need not wait for the lease to end. */
  release(connection: pg.Client): Promise<void>
  /** The connection is gone: hold nothing until the next renewal. */
  forget(): void
}

/**
 * Shares the shards among the live relays of a service: each holds at most ceil(16 / members).
 *
 * A lease saves double work. It carries no order: a relay that was stopped for a minute and sends with a lapsed
 * lease only repeats events, which consumers drop. All clocks are the database's.
 */
export function createLease(me = newId()): Lease {
  let mine: number[] = []
  let renewedAt = Number.NEGATIVE_INFINITY
  let horizon: Horizon | undefined
  let hasSentSinceHorizon = true

  async function renew(connection: pg.Client): Promise<void> {
    const { rows } = await connection.query<{
      shard: number
      owned: boolean
      open: boolean
      members: number
    }>(prepared(RENEW, [me, LEASE_MS]))
    const share = Math.ceil(SHARDS / (rows[0]?.members ?? 1))
    const owned = rows.filter((row) => row.owned).map(({ shard }) => shard)
    const open = rows.filter((row) => row.open).map(({ shard }) => shard)
    const wanted = open.slice(0, Math.max(0, share - owned.length))
    const excess = owned.slice(share)
    mine = owned.slice(0, share)
    if (wanted.length > 0 || excess.length > 0) mine.push(...(await swap(connection, wanted, excess)))
    if (horizon !== undefined || hasSentSinceHorizon) {
      // What is sent from here on lies above the horizon that is taken now.
      if (horizon === undefined) hasSentSinceHorizon = false
      horizon = await raiseFloor(connection, me, mine, horizon)
    }
  }

  /** Gives the excess away and takes what is wanted and still open; gives what it took. */
  async function swap(connection: pg.Client, wanted: number[], excess: number[]): Promise<number[]> {
    const { rows } = await connection.query<{ shard: number }>(
      `with given as (update relay_lease set until = now() where shard = any($4::smallint[]) and owner = $1)
       update relay_lease set owner = $1, until = now() + $2 * interval '1 ms'
       where shard = any($3::smallint[]) and until <= now() returning shard`,
      [me, LEASE_MS, wanted, excess],
    )
    return rows.map(({ shard }) => shard)
  }

  return {
    me,
    renewIfDue: async (connection) => {
      if (performance.now() - renewedAt < RENEW_MS) return
      await renew(connection)
      renewedAt = performance.now()
    },
    noteSent: () => {
      hasSentSinceHorizon = true
    },
    shards: () => mine,
    holds: (shard) => mine.includes(shard),
    dueInMs: () => Math.max(0, RENEW_MS - (performance.now() - renewedAt)),
    release: async (connection) => {
      await connection.query(
        'with left_group as (delete from relay_member where id = $1) update relay_lease set until = now() where owner = $1',
        [me],
      )
    },
    forget: () => {
      mine = []
      renewedAt = Number.NEGATIVE_INFINITY
      horizon = undefined
    },
  }
}

/** Ids up to `id` were given out before any transaction at or after `xid` began. */
interface Horizon {
  id: number
  xid: string
}

/**
 * Raises the floor below which a shard has nothing left, so that reads skip the dead rows there.
 *
 * The floor is proven, never guessed: the sequence's last value is read first, then the next xid; once
 * no transaction older than that xid runs any more, no pending row at or below that value can appear.
 */
async function raiseFloor(
  connection: pg.Client,
  me: string,
  shards: number[],
  horizon: Horizon | undefined,
): Promise<Horizon | undefined> {
  if (shards.length === 0) return undefined
  if (horizon === undefined) {
    const last = await connection.query<{ id: number }>(
      'select case when is_called then last_value else 0 end as id from outbox_id_seq',
    )
    // A second statement: its snapshot must be younger than the value read.
    const next = await connection.query<{ xid: string }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text as xid',
    )
    return { id: last.rows[0]!.id, xid: next.rows[0]!.xid }
  }
  const { rows } = await connection.query<{ passed: boolean }>(
    `with raised as (
       update relay_lease l set floor = $3
       where shard = any($2::smallint[]) and owner = $1 and floor < $3
         and pg_snapshot_xmin(pg_current_snapshot()) >= $4::text::xid8
         and not exists (select from outbox_pending p where p.shard = l.shard and p.id <= $3))
     select pg_snapshot_xmin(pg_current_snapshot()) >= $4::text::xid8 as passed`,
    [me, shards, horizon.id, horizon.xid],
  )
  return rows[0]!.passed ? undefined : horizon
}
