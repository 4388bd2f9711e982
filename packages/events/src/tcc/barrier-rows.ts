import type { BarrierState } from './barrier.ts'
import type { Database } from '../postgres/database.ts'
import { lockOrCreate } from '../postgres/rows.ts'
import type { Tx } from '../postgres/transaction.ts'
import type { Log } from '@lepton/common/runtime/log'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startSweep } from '@lepton/common/runtime/timer'

interface Barrier {
  gid: string
  state: BarrierState
  /** `empty` for a cancellation that came before its try. */
  cause: string | null
  at: string
}

/** The barriers of one transaction: one row per global transaction in `tcc_barrier`, locked until its end. */
export class Barriers {
  readonly #rows: Map<string, Barrier>
  readonly #changed = new Set<string>()
  readonly #now: string

  constructor(now: string, rows: readonly Barrier[]) {
    this.#now = now
    this.#rows = new Map(rows.map((row) => [row.gid, row]))
  }

  state(gid: string): BarrierState {
    return this.#rows.get(gid)!.state
  }

  set(gid: string, state: BarrierState): void {
    const { state: before } = this.#rows.get(gid)!
    if (before === state) return
    const cause = before === 'NONE' && state === 'CANCELLED' ? 'empty' : null
    this.#rows.set(gid, { gid, state, cause, at: this.#now })
    this.#changed.add(gid)
  }

  store(tx: Tx): void {
    if (this.#changed.size === 0) return
    const rows = [...this.#changed].map((gid) => this.#rows.get(gid)!)
    tx.write(
      `insert into tcc_barrier (gid, state, cause, at)
       select gid, state, cause, at from jsonb_populate_recordset(null::tcc_barrier, $1::jsonb)
       on conflict (gid) do update set state = excluded.state, cause = excluded.cause, at = excluded.at`,
      [JSON.stringify(rows)],
    )
  }
}

/** Locks the barriers of global transactions, before anything else that the branch locks. */
export async function lockBarriers(tx: Tx, gids: readonly string[], areNew: boolean): Promise<Barriers> {
  const { now, rows } = await lockOrCreate<Barrier>(tx, 'tcc_barrier', 'gid', gids, areNew)
  return new Barriers(now, rows)
}

/** Deletes barriers that nothing has passed for 35 days: longer than any request or event stays in flight. */
export function startBarrierSweep(database: Database, log: Log): Part {
  async function deleteOld(limit: number): Promise<number> {
    const { rowCount } = await database.query(
      `delete from tcc_barrier where gid in (
         select gid from tcc_barrier where at < now() - interval '35 days' limit $1)`,
      [limit],
    )
    return rowCount ?? 0
  }
  return startSweep('barriers', deleteOld, log)
}
