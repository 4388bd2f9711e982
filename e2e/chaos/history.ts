import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

type OperationKind =
  | 'place'
  | 'place_unpaid'
  | 'pay'
  | 'add_to_cart'
  | 'checkout'
  | 'cancel'
  | 'refund'
  | 'restock'
  | 'read_order'
  | 'list_orders'

/** `info`: it is not known whether it happened. It is never tried again under a new key. */
export type Outcome = 'ok' | 'fail' | 'info'

export interface Request {
  kind: OperationKind
  customer_id: string
  /** Why a key is used again, where it is. */
  repeat?: 'same_key' | 'other_body' | 'concurrent'
  key?: string
  /** The order it is about; where it makes one, the one its key must make. */
  order_id?: string
  body?: unknown
}

export interface Operation extends Request {
  index: number
  /** Who did it, one at a time; after an `info` another goes on in its place. */
  process: number
  /** Nanoseconds since the history began, on a clock that never jumps. */
  invoked_ns: number
  completed_ns: number
  outcome: Outcome
  status?: number
  problem?: string
  error?: string
  answer?: unknown
}

export type Completion = Pick<Operation, 'outcome' | 'status' | 'problem' | 'error' | 'answer'>

export interface History {
  readonly operations: readonly Operation[]
  readonly startedAtMs: number
  record(process: number, request: Request, run: () => Promise<Completion>): Promise<Operation>
  close(): Promise<void>
}

/** Keeps every operation as Jepsen does: one line when it is invoked, one when its outcome is known. */
export function createHistory(file: string): History {
  const lines = createWriteStream(file)
  const startedAtMs = Date.now()
  const startedAt = process.hrtime.bigint()
  const operations: Operation[] = []
  let index = 0
  const now = () => Number(process.hrtime.bigint() - startedAt)
  const write = (line: object) => void lines.write(`${JSON.stringify(line)}\n`)

  return {
    operations,
    startedAtMs,
    record: async (worker, { kind, ...value }, run) => {
      const operation = { index: index++, process: worker, kind, ...value }
      const invoked_ns = now()
      write({ time: invoked_ns, process: worker, type: 'invoke', f: kind, value, index: operation.index })
      const completion = await run()
      const completed_ns = now()
      const { outcome, ...answer } = completion
      write({
        time: completed_ns,
        process: worker,
        type: outcome,
        f: kind,
        value: answer,
        index: operation.index,
      })
      const done = { ...operation, invoked_ns, completed_ns, ...completion }
      operations.push(done)
      return done
    },
    close: async () => {
      lines.end()
      await finished(lines)
    },
  }
}
