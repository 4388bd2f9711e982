import type { Database } from './postgres/database.ts'
import type { Tx } from './postgres/transaction.ts'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const DAYS_AHEAD = 14
const OUTBOX_KEEP_DAYS = 14
const INBOX_KEEP_DAYS = 35

/** The oldest instant (ms) whose event ids the inbox still has a partition for. */
export function inboxHorizonMs(nowMs: number): number {
  return startOf(nowMs - INBOX_KEEP_DAYS * DAY_MS, WEEK_MS)
}

/**
 * Makes the partitions of the coming two weeks and drops those past their age. Safe beside open
 * writers and beside itself in other processes; safe after the shop was off for months.
 *
 * A partition is made alone and attached afterwards: `CREATE TABLE … PARTITION OF` would wait for
 * every open transaction that has written to the table.
 */
export async function maintainPartitions(database: Database): Promise<void> {
  await database.inTransaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext('lepton partitions'))`)
    const { rows } = await tx.query<{ ms: number; names: string[] }>(
      `select (extract(epoch from now()) * 1000)::bigint as ms,
         array(select relname::text from pg_class where relname ~ '^(outbox|inbox)_[0-9]{8}$') as names`,
    )
    const { ms: nowMs, names } = rows[0]!
    for (const partition of wantedPartitions(nowMs)) {
      if (names.includes(partition.name)) continue
      const { parent, name, from, to } = partition
      await tx.query('select make_partition($1, $2, $3, $4)', [parent, name, from, to])
    }
    for (const name of names) {
      if (isExpired(name, nowMs)) await dropPartition(tx, name)
    }
  })
}

interface Partition {
  parent: 'outbox' | 'inbox'
  name: string
  from: string
  to: string
}

export function wantedPartitions(nowMs: number): Partition[] {
  const endMs = nowMs + DAYS_AHEAD * DAY_MS
  return [
    ...range(startOf(nowMs, DAY_MS), endMs, DAY_MS).map((ms) => outboxPartition(ms)),
    ...range(inboxHorizonMs(nowMs), endMs, WEEK_MS).map((ms) => inboxPartition(ms)),
  ]
}

function outboxPartition(ms: number): Partition {
  const bound = (at: number) => new Date(at).toISOString()
  return { parent: 'outbox', name: `outbox_${stamp(ms)}`, from: bound(ms), to: bound(ms + DAY_MS) }
}

/** The first 48 bits of a UUIDv7 are its milliseconds, so a span of time is a span of ids. */
function inboxPartition(ms: number): Partition {
  const bound = (at: number) => {
    const hex = at.toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
  }
  return { parent: 'inbox', name: `inbox_${stamp(ms)}`, from: bound(ms), to: bound(ms + WEEK_MS) }
}

function isExpired(name: string, nowMs: number): boolean {
  const [, parent, year, month, day] = /^(outbox|inbox)_(\d{4})(\d\d)(\d\d)$/.exec(name)!
  const startMs = Date.UTC(Number(year), Number(month) - 1, Number(day))
  return parent === 'outbox'
    ? startMs + DAY_MS < nowMs - OUTBOX_KEEP_DAYS * DAY_MS
    : startMs + WEEK_MS <= inboxHorizonMs(nowMs)
}

async function dropPartition(tx: Tx, name: string): Promise<void> {
  // An archive day that still has something to send stays.
  if (name.startsWith('outbox_')) {
    const { rows } = await tx.query(
      `select 1 from outbox_pending p join ${name} o using (created_at, id) limit 1`,
    )
    if (rows.length > 0) return
  }
  await tx.query('select drop_partition($1)', [name])
}

function startOf(ms: number, unitMs: number): number {
  return Math.floor(ms / unitMs) * unitMs
}

function range(fromMs: number, toMs: number, stepMs: number): number[] {
  return Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, index) => fromMs + index * stepMs)
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')
}
