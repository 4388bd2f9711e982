import pg from 'pg'

/** Also a machine with nothing left to give gets a connection in that time. */
const CONNECT_TIMEOUT_MS = 20_000
const QUERY_TIMEOUT_MS = 120_000

// Counts and instants as numbers: nothing here comes near the end of what a double holds.
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, Number)
types.setTypeParser(pg.types.builtins.NUMERIC, Number)

export interface Question {
  <T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>
}

/** Asks one database over one connection, which is closed afterwards. */
export async function askDatabase<T>(url: string, work: (ask: Question) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    types,
  })
  // A connection that breaks fails the question, which the caller hears of.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(async (sql, values) => (await client.query(sql, values)).rows as never)
  } finally {
    await client.end().catch(() => undefined)
  }
}
