import { TOPICS } from '@lepton/contracts/topics'
import type { Database } from '../postgres.ts'
import { applyChunk } from './apply.ts'
import { type DeadLetter, lockKey, setStatus } from './dead-letter.ts'
import { parseRecord, type Subscription } from './subscription.ts'

/**
 * Applies one parked letter with the same handler, in one transaction with its new status.
 *
 * @returns false when it still has to wait: an earlier letter of its key, or a gap before it
 */
export async function replay(
  database: Database,
  subscription: Subscription,
  id: number,
  nowMs: number,
): Promise<boolean> {
  const { consumer } = TOPICS[subscription.topic]
  return database.inTransaction(async (tx) => {
    const found = await tx.query<DeadLetter>('select * from dead_letter where id = $1', [id])
    const letter = found.rows[0]
    if (letter === undefined) return false
    lockKey(tx, consumer, letter.key)
    const open = await tx.query<{ id: number }>(
      `select id from dead_letter where consumer = $1 and key = $2 and status in ('DEAD', 'BLOCKED')
       order by pub_seq nulls first, id limit 1 for update`,
      [consumer, letter.key],
    )
    if (open.rows[0]?.id !== id) return false
    const record = {
      offset: String(letter.off),
      key: letter.key,
      value: letter.payload,
      headers: letter.headers,
      timestampMs: nowMs,
    }
    const source = { topic: letter.topic, topicId: letter.topic_id, partition: letter.part }
    const parsed = parseRecord(record, source, subscription, nowMs)
    if (parsed.fault !== undefined) throw parsed.fault
    const { blocked } = await applyChunk(tx, subscription, [parsed], nowMs, { isReplay: true })
    setStatus(tx, id, blocked === 0 ? 'REPLAYED' : 'BLOCKED')
    return blocked === 0
  })
}
