import type { Tx } from './transaction.ts'

/**
 * Inserts or replaces rows of a table by its key, all in one statement. Columns are those of the first
 * row: field and column share one spelling, so there is nothing to map.
 *
 * An upsert even where every row is there: it always goes by the index, while an update that joins a set
 * of unknown size may be planned as a scan of the whole table. It measured faster in the bench.
 */
export function saveRows(tx: Tx, table: string, key: string, rows: readonly object[]): void {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
  const changed = columns.filter((column) => column !== key)
  tx.write(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.join(', ')} from jsonb_populate_recordset(null::${table}, $1::jsonb)
     on conflict (${key}) do update set ${changed.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [JSON.stringify(rows)],
  )
}

/** Inserts rows, all in one statement; a row that is there already is an error. */
export function insertRows(tx: Tx, table: string, rows: readonly object[]): void {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first).join(', ')
  tx.write(
    `insert into ${table} (${columns})
     select ${columns} from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  )
}

/**
 * Locks the rows of a table by their key, in key order; `now` is the time of the transaction. They are looked up one by
 * one: no plan may read the table instead, and it costs half of a list's look-up and sort.
 */
export async function lockRows<R extends object>(
  tx: Tx,
  table: string,
  { key, type = 'uuid', strength = 'update' }: { key: string; type?: string; strength?: string },
  ids: readonly string[],
): Promise<(R & { now: string })[]> {
  return lookUp(tx, { table, key, type, lock: `for ${strength}` }, [...new Set(ids)].sort())
}

async function lookUp<R extends object>(
  tx: Tx,
  { table, key, type, lock }: { table: string; key: string; type: string; lock: string },
  sorted: readonly string[],
): Promise<(R & { now: string })[]> {
  const { rows } = await tx.query<R & { now: string }>(
    `select found.*, now() as now from unnest($1::${type}[]) as given(id)
     cross join lateral (select * from ${table} where ${key} = given.id ${lock} offset 0) found`,
    [sorted],
  )
  return rows
}

/**
 * Locks the rows of a table by their key, making those that are missing with the table's defaults. Two transactions
 * with the same rows wait for each other and never in a circle: each row is inserted or, where it is there, locked, one
 * after the other in key order. Locking what is there first and then inserting the rest would be another order.
 *
 * A single row has no order, so it is looked for first, unless it is likely new: that is cheaper where it is there.
 */
export async function lockOrCreate<R extends object>(
  tx: Tx,
  table: string,
  key: string,
  ids: readonly string[],
  areNew = false,
): Promise<{ now: string; rows: R[] }> {
  const sorted = [...new Set(ids)].sort()
  const found = sorted.length === 1 && !areNew ? await lockRows<R>(tx, table, { key }, sorted) : []
  const rows = found.length > 0 ? found : await upserted<R>(tx, table, key, sorted)
  return { now: rows[0]!.now, rows: rows.map(({ now: _now, ...row }) => row as unknown as R) }
}

/** In one round trip. A conflict locks the row, also where its update has no effect (`where false`). */
function upserted<R extends object>(
  tx: Tx,
  table: string,
  key: string,
  sorted: readonly string[],
): Promise<(R & { now: string })[]> {
  tx.write(
    `insert into ${table} (${key}) select id from unnest($1::uuid[]) as id order by id
     on conflict (${key}) do update set ${key} = excluded.${key} where false`,
    [sorted],
  )
  return lookUp(tx, { table, key, type: 'uuid', lock: '' }, sorted)
}
