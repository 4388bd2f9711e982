import type { Database } from '../postgres/database.ts'
import type { Tx } from '../postgres/transaction.ts'
import { applyChunk } from '../apply.ts'
import { audit, type Cause } from '../audit.ts'
import { type DeadLetter, lockKey, setStatus } from './dead-letter.ts'
import { parseRecord, type Subscription } from '../subscription.ts'

/**
 * Applies one parked letter with the same handler, in one transaction with its new status.
 *
 * Where events before it are missing, a snapshot that waits behind it is applied instead: it ends the
 * wait for what was lost.
 *
 * @param cause the operator who asked for it; noted in the same transaction
 * @returns false when it still has to wait: an earlier letter of its key, or a gap before it
 */
export async function replay(
  database: Database,
  subscription: Subscription,
  id: number,
  nowMs: number,
  cause?: Cause,
): Promise<boolean> {
  const { number: consumer } = subscription.topic
  return database.inTransaction(async (tx) => {
    const found = await tx.query<DeadLetter>('select * from dead_letter where id = $1', [id])
    const letter = found.rows[0]
    if (letter === undefined) return false
    lockKey(tx, consumer, letter.key)
    const open = await tx.query<{ id: number }>(
      `select id from dead_letter
       where consumer = $1 and key = $2 and (status = 'DEAD' or (id = $3 and status = 'BLOCKED'))
       order by pub_seq nulls first, id limit 1 for update`,
      [consumer, letter.key, id],
    )
    if (open.rows[0]?.id !== id) return false
    if (await applyLetter(tx, subscription, letter, nowMs)) {
      if (cause !== undefined)
        audit(tx, cause, { action: 'replay', target: `dead letter ${id}`, result: 'applied' })
      return true
    }
    const snapshot = await findSnapshot(tx, subscription, letter)
    return snapshot !== undefined && (await applyLetter(tx, subscription, snapshot, nowMs))
  })
}

async function applyLetter(
  tx: Tx,
  subscription: Subscription,
  letter: DeadLetter,
  nowMs: number,
): Promise<boolean> {
  const { off, key, payload: value, headers, topic, topic_id: topicId, part: partition } = letter
  const record = { offset: String(off), key, value, headers, timestampMs: nowMs }
  const parsed = parseRecord(record, { topic, topicId, partition }, subscription, nowMs)
  if (parsed.fault !== undefined) throw parsed.fault
  const { blocked } = await applyChunk(tx, subscription, [parsed], nowMs, { isReplay: true })
  if (blocked === 0) setStatus(tx, letter.id, 'REPLAYED')
  return blocked === 0
}

async function findSnapshot(
  tx: Tx,
  { topic, snapshots = [] }: Subscription,
  { key }: DeadLetter,
): Promise<DeadLetter | undefined> {
  if (snapshots.length === 0) return undefined
  const { rows } = await tx.query<DeadLetter>(
    `select * from dead_letter where consumer = $1 and key = $2 and status = 'BLOCKED' and headers ->> 'ce_type' = any($3)
     order by pub_seq, id limit 1`,
    [topic.number, key, snapshots.map(({ type }) => type)],
  )
  return rows[0]
}
