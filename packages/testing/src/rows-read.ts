import type { Database } from '@lepton/events/postgres/database'
import type { Tx } from '@lepton/events/postgres/transaction'

/** How many rows of its tables a piece of work reads, by an index or without one. */
export async function rowsRead(
  database: Pick<Database, 'inTransaction'>,
  work: (tx: Tx) => Promise<unknown>,
): Promise<number> {
  return database.inTransaction(async (tx) => {
    const before = await count(tx)
    await work(tx)
    return (await count(tx)) - before
  })
}

/** PostgreSQL's own count for the transaction that asks. */
async function count(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ rows: number }>(
    `select (coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0))::int as rows from pg_stat_xact_user_tables`,
  )
  return rows[0]!.rows
}
