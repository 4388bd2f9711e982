import pg from 'pg'
import { prepared } from './prepared.ts'

export type Answer<R> = Pick<pg.QueryResult, 'command' | 'rowCount'> & { rows: R[] }
export type Send = <R extends pg.QueryResultRow>(
  text: string,
  values?: readonly unknown[],
) => Promise<Answer<R>>

/** The server has not run this statement of a batch, because one before it failed: that is the cause. */
export class Skipped extends Error {}

/**
 * Sends statements by one connection, in the order they are given. Those of one turn of the event loop are a batch: one
 * write to the server, and one answer for all of them. The first that fails ends its batch; the others of it are `Skipped`.
 */
export function batchesOf(client: pg.ClientBase): Send {
  let open: Batch | undefined
  return <R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    if (open === undefined) {
      const batch = (open = new Batch())
      process.nextTick(() => {
        open = undefined
        client.query(batch as unknown as string, settled)
      })
    }
    return open.add<R>(text, values)
  }
}

/** pg ends its time limit of a query by calling back; the statements have their answers by then. */
const settled = () => undefined

// The parts of pg that its types leave out.
interface Field {
  name: string
  dataTypeID: number
}
interface Connection {
  stream: { cork(): void; uncork(): void }
  parsedStatements: Record<string, string>
  submittedNamedStatements: Record<string, string>
  parse(statement: { name: string; text: string }): void
  bind(portal: { statement: string; values: unknown[] }): void
  describe(what: { type: 'P' }): void
  execute(portal: object): void
  sync(): void
}
interface Driver {
  callback: ((error: null) => void) | undefined
  _result: { _types: { getTypeParser(type: number): Column[1] } }
}
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils

type Column = [name: string, parse: (value: string) => unknown]

/** What the rows of each prepared statement look like: the server describes them once a connection. */
const columnsOf = new WeakMap<Connection, Map<string, Column[]>>()

interface Statement {
  name: string
  text: string
  values: unknown[]
  rows: object[]
  /** Why a row of it cannot be read; the server has run it all the same. */
  unreadable?: Error
  /** As the server says that it is done. */
  tag: string | undefined
  resolve(answer: Answer<never>): void
  reject(error: Error): void
}

/** pg takes one for a query: it is written at once, and its end is the server's next word that it is ready. */
class Batch extends pg.Query {
  readonly #statements: Statement[] = []
  /** The one that is being answered. */
  #at = 0
  #columns = new Map<string, Column[]>()

  constructor() {
    super('')
  }

  add<R>(text: string, given: readonly unknown[]): Promise<Answer<R>> {
    return new Promise<Answer<R>>((resolve, reject) => {
      // A value that cannot be sent fails its own statement, before any of it is written.
      const values = given.map(prepareValue)
      this.#statements.push({ ...prepared(text), values, rows: [], tag: undefined, resolve, reject })
    }).catch((error: unknown) => {
      // Or it would lead to the socket and not to who asked.
      Error.captureStackTrace(error as Error)
      throw error
    })
  }

  override submit = (given: object): void => {
    const connection = given as Connection
    this.#columns = columnsOf.get(connection) ?? new Map<string, Column[]>()
    columnsOf.set(connection, this.#columns)
    connection.stream.cork()
    for (const { name, text, values } of this.#statements) {
      if (
        connection.parsedStatements[name] === undefined &&
        connection.submittedNamedStatements[name] === undefined
      ) {
        connection.parse({ name, text })
        connection.submittedNamedStatements[name] = text
      }
      connection.bind({ statement: name, values })
      if (!this.#columns.has(name)) connection.describe({ type: 'P' })
      connection.execute({})
    }
    connection.sync()
    connection.stream.uncork()
    this.#answering()
  }

  /** The driver notes under this name that the statement is known to the server. */
  #answering(): void {
    const { name, text } = this.#statements[this.#at] ?? {}
    Object.assign(this, { name, text })
  }

  handleRowDescription({ fields }: { fields: Field[] }): void {
    const { _types: types } = (this as unknown as Driver)._result
    const columns = fields.map(({ name, dataTypeID }): Column => [name, types.getTypeParser(dataTypeID)])
    this.#columns.set(this.#statements[this.#at]!.name, columns)
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const statement = this.#statements[this.#at]!
    const row: Record<string, unknown> = {}
    try {
      for (const [index, [column, parse]] of this.#columns.get(statement.name)!.entries()) {
        const value = fields[index]!
        row[column] = value === null ? null : parse(value)
      }
      statement.rows.push(row)
    } catch (error) {
      statement.unreadable = error as Error
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    const statement = this.#statements[this.#at++]!
    statement.tag = text
    if (!this.#columns.has(statement.name)) this.#columns.set(statement.name, [])
    this.#answering()
  }

  handleReadyForQuery(): void {
    this.#settle()
  }

  /** A refusal of the server, or the end of the connection. */
  handleError(error: Error, { parsedStatements, submittedNamedStatements }: Connection): void {
    for (const { name } of this.#statements.slice(this.#at))
      if (parsedStatements[name] === undefined) Reflect.deleteProperty(submittedNamedStatements, name)
    this.#settle(error)
  }

  /** Where the server itself refuses one, it runs none of those behind it; where it is gone, what it has run is unknown. */
  #settle(fault?: Error): void {
    const isRefused = fault instanceof pg.DatabaseError && fault.severity === 'ERROR'
    for (const [index, { tag, rows, unreadable, resolve, reject }] of this.#statements.entries()) {
      if (unreadable !== undefined) reject(unreadable)
      else if (tag !== undefined) resolve({ ...partsOf(tag), rows: rows as never[] })
      else if (index === this.#at || !isRefused) reject(fault ?? new Error('the server did not answer'))
      else reject(new Skipped('a statement before this one failed', { cause: fault }))
    }
    ;(this as unknown as Driver).callback?.(null)
  }
}

/** `INSERT 0 2` → INSERT and 2. */
function partsOf(tag: string): { command: string; rowCount: number | null } {
  const parts = tag.split(' ')
  const count = Number(parts.at(-1))
  return { command: parts[0]!, rowCount: parts.length > 1 && !Number.isNaN(count) ? count : null }
}
