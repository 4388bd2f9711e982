import type { Tx } from './postgres/transaction.ts'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { insertLetter } from './dead-letters/dead-letter.ts'
import { admit, forget } from './inbox.ts'
import { Poison } from './poison.ts'
import type { ParsedRecord, Subscription } from './subscription.ts'

/** What one key can lose: a snapshot from further ahead is not of this history, and would drop what is. */
const MAX_SNAPSHOT_JUMP = 100

/** Some keys of a chunk wait behind a dead letter. */
export class KeysWait extends Error {}

export interface ApplyOutcome {
  applied: number
  repeated: number
  blocked: number
}

/**
 * Applies records of one topic in one transaction, each partition's in offset order: inbox, effects and outgoing events together.
 *
 * Each event of a key is applied once and in sequence. One that comes too early waits as BLOCKED, as
 * do events of a key that waits behind a dead letter (unless this is the replay that ends the wait).
 *
 * @throws KeysWait where it `isOptimistic` and a key waits: to be done again without
 */
export async function applyChunk(
  tx: Tx,
  subscription: Subscription,
  chunk: readonly ParsedRecord[],
  nowMs: number,
  { isReplay = false, isOptimistic = false } = {},
): Promise<ApplyOutcome> {
  const { number: consumer } = subscription.topic
  const firsts = firstOccurrences(chunk)
  const load = (of: readonly ParsedRecord[]) =>
    of.length === 0
      ? undefined
      : subscription.load(
          tx,
          of.map(({ event }) => event!),
        )
  const admission = admit(tx, subscription.topic, chunk, { nowMs, isReplay })
  // Most events are new, so their rows are asked for in the same round trip.
  const loading = isOptimistic ? load(firsts) : undefined
  const [{ fresh, parked, repeated }, preloaded] = await Promise.all([admission, loading])
  // The head row of a key that waits may not exist yet, and is not made for it.
  if (isOptimistic && parked.size > 0) throw new KeysWait()
  failpoint('inbox.after_insert')
  const waiting = chunk.filter(
    ({ record, event }) => parked.has(record.key) && !(event !== undefined && repeated.has(event.event_id)),
  )
  const work = firsts.filter(({ event }) => fresh.has(event!.event_id) && !parked.has(event!.key))
  const state = preloaded ?? (await load(work))
  let applied = 0
  if (work.length > 0) {
    const early: ParsedRecord[] = []
    for (const parsed of work) {
      const event = parsed.event!
      const last = subscription.position(state, event.key)
      if (last !== undefined && event.sequence <= last) continue
      if (last !== undefined && event.sequence > last + 1 && !parsed.isSnapshot) {
        early.push(parsed)
        continue
      }
      if (last !== undefined && event.sequence > last + MAX_SNAPSHOT_JUMP) {
        throw new Poison(
          `a snapshot at ${event.sequence} would drop the ${event.sequence - last - 1} before it`,
        )
      }
      if (parsed.isHandled) subscription.apply(state, event)
      subscription.advance(state, event.key, event.sequence)
      applied++
    }
    await subscription.store(tx, state)
    forget(
      tx,
      consumer,
      early.map(({ event }) => event!.event_id),
    )
    waiting.push(...early)
  }
  for (const parsed of waiting) {
    insertLetter(tx, consumer, parsed, { status: 'BLOCKED', attempts: 0 })
  }
  return { applied, blocked: waiting.length, repeated: chunk.length - applied - waiting.length }
}

function firstOccurrences(chunk: readonly ParsedRecord[]): ParsedRecord[] {
  const seen = new Set<string>()
  return chunk.filter(({ event }) => {
    if (event === undefined || seen.has(event.event_id)) return false
    seen.add(event.event_id)
    return true
  })
}
