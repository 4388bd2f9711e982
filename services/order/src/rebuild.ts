import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import { FIRST_ID, LAST_ID } from '@lepton/contracts/audit'
import { saveRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'
import type { Deps } from './deps.ts'
import { NO_TRACE } from './domain.ts'
import { flawOf, foldOf, KEPT, type Recorded } from './history.ts'
import type { Order } from './order.ts'
import { isPublished, lockOrders } from './orders.ts'
import {
  countPublished,
  deleteUntold,
  type Digested,
  listDigests,
  listStreams,
  listStreamsOf,
  lockDigested,
  lockRun,
  type Run,
  saveRun,
} from './rebuild-store.ts'
import { record } from './record.ts'

/** Orders of one transaction: a decision about one of them waits for it. */
const BATCH = 200
/** After each it rests for this share of the time that it took: customers go first. */
const REST_SHARE = 0.5
/** For a run that another process began, or left. */
const LOOK_EVERY_MS = 5_000

/** Works on a rebuild that is in progress, whichever process began it: each batch is one transaction, and the next goes on behind it. */
export function startRebuilds(deps: Deps): Part & { wake(): void } {
  return startTimer(
    'rebuild',
    LOOK_EVERY_MS,
    async () => {
      const startedAt = performance.now()
      const isMore = await deps.database.inTransaction((tx) => rebuildBatch(deps, tx))
      if (isMore) await delay((performance.now() - startedAt) * REST_SHARE)
      return isMore
    },
    deps.log,
  )
}

/**
 * Folds the next streams of the run in progress into their rows.
 *
 * A row is locked, then its facts are read: so no decision comes between them, and what others read is the row as it was,
 * or as it is. It is overwritten and never away: who waits for its lock would otherwise find that there is no such order.
 *
 * @returns whether there is more to do
 */
async function rebuildBatch(deps: Deps, tx: Tx): Promise<boolean> {
  const run = await lockRun(tx)
  if (run === undefined) return false
  const ids = await listStreams(tx, run.after_id, BATCH)
  const isLast = ids.length < BATCH
  const untilId = isLast ? LAST_ID : ids.at(-1)!
  const before = new Map((await lockDigested(tx, ids)).map((row) => [row.order_id, row]))
  const streams = await listStreamsOf(tx, ids)
  const missing = ids.filter((id) => !before.has(id))
  const published = missing.length === 0 ? new Map<string, number>() : await countPublished(tx, missing)

  const rows: Order[] = []
  const unreadable: string[] = []
  for (const { order_id: id, facts } of streams) {
    if (flawOf(facts) === undefined) rows.push(rowOf(facts, before.get(id), published.get(id)))
    else unreadable.push(id)
  }
  saveRows(tx, 'order_stream', 'order_id', rows)
  const removed = await deleteUntold(tx, run.after_id, untilId)
  const after = await listDigests(tx, ids)
  if (missing.length > 0) await askAfter(deps, tx, missing)
  if (unreadable.length + missing.length + removed.length > 0)
    deps.log.error({ unreadable, missing, removed }, 'orders and their streams did not agree')

  const done = {
    ...run,
    after_id: untilId,
    orders: run.orders + rows.length,
    facts: run.facts + streams.reduce((sum, { facts }) => sum + facts.length, 0),
    differed: run.differed + after.filter((row) => isOther(before.get(row.order_id), row)).length,
    missing: run.missing + missing.length,
    removed: run.removed + removed.length,
    unreadable: run.unreadable + unreadable.length,
    digest_before: digestOf(run.digest_before, [...before.values()]),
    digest_after: digestOf(run.digest_after, after),
  }
  saveRun(tx, done, isLast)
  return !isLast
}

function rowOf(facts: readonly Recorded[], kept: Digested | undefined, pubSeq: number | undefined): Order {
  const derived = foldOf(facts)
  if (kept !== undefined) {
    return {
      ...derived,
      ...(Object.fromEntries(KEPT.map((name) => [name, kept[name]])) as Pick<Order, (typeof KEPT)[number]>),
    }
  }
  const pub_seq = pubSeq ?? facts.filter(isPublished).length
  return { ...derived, pub_seq, asked_at: null, asks: 0, last_inv_seq: 0, last_pay_seq: 0, ...NO_TRACE }
}

/** The positions of rows that were lost come back with the answers: a status may leap over what was applied before. */
async function askAfter(deps: Deps, tx: Tx, ids: readonly string[]): Promise<void> {
  const changes = await lockOrders(tx, ids)
  for (const order of [...changes.orders.values()]) changes.requestStatus(order)
  record(tx, changes, deps)
}

function isOther(before: Digested | undefined, after: Pick<Digested, 'digest'>): boolean {
  return before !== undefined && before.digest !== after.digest
}

function digestOf(soFar: string, rows: readonly Pick<Digested, 'order_id' | 'digest'>[]): string {
  const lines = rows.map(({ order_id, digest }) => `${order_id} ${digest}\n`)
  return rows.length === 0 && soFar !== ''
    ? soFar
    : createHash('sha256').update(soFar).update(lines.join('')).digest('hex')
}

/** How far a run is: ids of orders are spread evenly, so that the place of the last one says it. */
export function shareOf({ after_id, finished_at }: Pick<Run, 'after_id' | 'finished_at'>): number {
  if (finished_at !== null) return 1
  return after_id === FIRST_ID ? 0 : Number.parseInt(after_id.slice(0, 4), 16) / 0x10000
}
