import type { Database } from '../postgres/database.ts'
import { refuse } from '@lepton/common/runtime/problem'
import { audit, type Cause } from '../audit.ts'
import { type DeadLetter, lockKey, setStatus } from './dead-letter.ts'
import type { IncomingEvent } from '../event.ts'
import type { Subscription } from '../subscription.ts'

/**
 * Gives a letter up for good. Its event counts as applied without effect: the inbox knows it, and where it was
 * the next one of its key the key goes on behind it.
 *
 * @throws Refusal `letter-settled` when it was replayed or discarded already
 */
export async function discard(
  database: Database,
  subscription: Subscription,
  { id, key }: Pick<DeadLetter, 'id' | 'key'>,
  cause: Cause,
): Promise<DeadLetter> {
  const { number: consumer } = subscription.topic
  return database.inTransaction(async (tx) => {
    lockKey(tx, consumer, key)
    // Read again: it may have been settled since the caller saw it.
    const { rows } = await tx.query<DeadLetter>('select * from dead_letter where id = $1 for update', [id])
    const letter = rows[0]!
    if (letter.status !== 'DEAD' && letter.status !== 'BLOCKED' && letter.status !== 'REFUSED') {
      throw refuse('letter-settled', `The letter is ${letter.status}.`)
    }
    setStatus(tx, id, 'DISCARDED')
    audit(tx, cause, { action: 'discard', target: `dead letter ${id}`, result: `key ${key}` })
    if (letter.event_id !== null && letter.pub_seq !== null) {
      tx.write('insert into inbox (consumer, event_id, src) values ($1, $2, $3) on conflict do nothing', [
        consumer,
        letter.event_id,
        letter.topic,
      ])
      const nothing: IncomingEvent = {
        event_id: letter.event_id,
        type: 'discarded',
        topic: letter.topic,
        key,
        sequence: letter.pub_seq,
        data: undefined,
        traceparent: undefined,
      }
      const state = await subscription.load(tx, [nothing])
      if (subscription.position(state, key) === letter.pub_seq - 1) {
        subscription.advance(state, key, letter.pub_seq)
        await subscription.store(tx, state)
      }
    }
    return { ...letter, status: 'DISCARDED' }
  })
}
