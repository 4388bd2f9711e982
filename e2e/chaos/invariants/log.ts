import { SUBSCRIPTIONS, type Topic, TOPICS } from '@lepton/contracts/topics'
import type { DatabaseOwner } from '@lepton/setup/services'
import type { ArchivedEvent, Facts, LogRecord, Violation } from './facts.ts'
import { streamsAreSql } from './streams.ts'

const CONSUMERS = Object.entries(SUBSCRIPTIONS) as [DatabaseOwner, readonly Topic[]][]

/** I9: the first occurrences of a key's events are on the log in their order, without a gap. */
export function keyOrder({ log }: Facts): Violation[] {
  const between = written(log).filter(({ topic }) => topic in TOPICS)
  const byKey = Map.groupBy(between, ({ topic, key }) => `${topic} ${key}`)
  return [...byKey.values()].flatMap((records) => {
    const { topic, key } = records[0]!
    if (new Set(records.map(({ partition }) => partition)).size > 1) {
      return [violation('I9', `is in several partitions of ${topic}`, key)]
    }
    const sequences = firstOccurrences(records).map(({ sequence }) => sequence)
    return sequences.every((sequence, index) => sequence === index + 1)
      ? []
      : [violation('I9', `stands in ${topic} as ${sequences.join(' ')}`, key)]
  })
}

/** I10: what a service committed is on the log, and nothing else is. */
export function nothingLost(facts: Facts): Violation[] {
  const { log, archives } = facts
  const between = written(log).filter(({ topic }) => topic in TOPICS)
  const onLog = new Map(between.map((record) => [record.event_id, record]))
  const archived = new Map(
    Object.values(archives).flatMap((events) =>
      events
        .filter(({ topic }) => topic in TOPICS)
        .map((event): [string, ArchivedEvent] => [event.event_id, event]),
    ),
  )
  const lost = [...archived.values()]
    .filter(({ event_id }) => !onLog.has(event_id))
    .map(({ type, key, event_id }) =>
      violation('I10', `${type} ${event_id} was committed and never sent`, key),
    )
  const invented = [...onLog.values()]
    .filter(({ event_id }) => !archived.has(event_id!))
    .map(({ type, key, event_id }) =>
      violation('I10', `${type ?? '?'} ${event_id!} was sent and never committed`, key),
    )
  return [...lost, ...invented, ...unarchived(facts), ...lostLetters(facts), ...streamsAreSql(facts)]
}

/** A dead letter's copy keeps the id of what died, so copies are counted. */
function lostLetters({ archives, log }: Facts): Violation[] {
  const onLog = Map.groupBy(log, ({ topic }) => topic)
  const archived = Map.groupBy(Object.values(archives).flat(), ({ topic }) => topic)
  return [...archived].flatMap(([topic, events]): Violation[] => {
    const count = onLog.get(topic)?.length ?? 0
    return topic in TOPICS || count >= events.length
      ? []
      : [{ invariant: 'I10', what: `${topic} has ${count} of ${events.length} dead letters` }]
  })
}

/** Rows count what they published: an event that is not archived was never committed with its row. */
function unarchived({ archives, orders, reservations, payments, checkouts }: Facts): Violation[] {
  const owners = { order: orders, inventory: reservations, payment: payments }
  const behind = Object.entries(owners).flatMap(([owner, rows]) => {
    const archived = Map.groupBy(archives[owner as keyof typeof owners], ({ key }) => key)
    return rows.flatMap(({ order_id, pub_seq }) => {
      const count = archived.get(order_id)?.length ?? 0
      return count === pub_seq
        ? []
        : [violation('I10', `${owner} published ${pub_seq} events of it and archived ${count}`, order_id)]
    })
  })
  const missing = checkouts.length - archives.cart.length
  return missing === 0
    ? behind
    : [...behind, { invariant: 'I10', what: `cart has ${missing} more checkouts than events` }]
}

/** I11: every event took effect once at each of its consumers. */
export function effectsOnce(facts: Facts): Violation[] {
  const { log, inboxes, repeatedBookings, reservations, payments, orders } = facts
  const byTopic = Map.groupBy(written(log), ({ topic }) => topic)
  // A letter that is discarded is noted as done with.
  const poison = new Set([...log.filter(isPoisonous), ...lettersOf(facts)].map(({ event_id }) => event_id))
  const noted = CONSUMERS.flatMap(([owner, topics]) => {
    const seen = Map.groupBy(inboxes[owner], ({ consumer }) => consumer)
    return topics.flatMap((topic) => {
      const sent = new Map((byTopic.get(topic) ?? []).map(({ event_id, key }) => [event_id!, key]))
      const rows = (seen.get(TOPICS[topic].number) ?? []).map(({ event_id }) => event_id)
      const applied = new Set(rows)
      return [
        ...[...sent]
          .filter(([id]) => !applied.has(id))
          .map(([id, key]) => violation('I11', `${owner} never applied ${id} of ${topic}`, key)),
        ...rows
          .filter((id) => !sent.has(id) && !poison.has(id))
          .map((id) => ({
            invariant: 'I11' as const,
            what: `${owner} applied ${id} of ${topic}, which was never sent`,
          })),
        ...(rows.length > applied.size
          ? [
              {
                invariant: 'I11' as const,
                what: `${owner} applied ${rows.length - applied.size} of ${topic} twice`,
              },
            ]
          : []),
      ]
    })
  })
  const last = lastSequences(log)
  const positions: [string, string, string, number][] = [
    ...reservations.map((row): [string, string, string, number] => [
      'inventory',
      'order.v1',
      row.order_id,
      row.last_order_seq,
    ]),
    ...payments.flatMap((row): [string, string, string, number][] => [
      ['payment', 'order.v1', row.order_id, row.last_order_seq],
      ['payment', 'inventory.v1', row.order_id, row.last_inv_seq],
    ]),
    ...orders.flatMap((row): [string, string, string, number][] => [
      ['order', 'inventory.v1', row.order_id, row.last_inv_seq],
      ['order', 'payment.v1', row.order_id, row.last_pay_seq],
    ]),
  ]
  const poisoned = poisonedKeys(facts)
  const known = new Set(orders.map(({ order_id }) => order_id))
  const behind = positions.flatMap(([owner, topic, key, position]) => {
    // Discarding what stood in for the first event of a key that is no order's counts as that event.
    if (poisoned.has(key) && !known.has(key)) return []
    const wanted = last.get(`${topic} ${key}`) ?? 0
    return position === wanted
      ? []
      : [violation('I11', `${owner} stands at ${position} of ${wanted} events of ${topic}`, key)]
  })
  return [...noted, ...behind, ...repeatedBookings.map((what) => ({ invariant: 'I11' as const, what }))]
}

/** I14: nothing became a dead letter but what was poisoned on purpose, and what waited behind it went on. */
export function deadLetters({ deadLetters: letters }: Facts): Violation[] {
  return Object.entries(letters).flatMap(([owner, rows]) =>
    rows.flatMap(({ topic, is_poison, status, key, error_message }): Violation[] => {
      if (is_poison) return []
      const isOpen = status === 'DEAD' || status === 'BLOCKED'
      const isDead = error_message !== null
      return isOpen || isDead
        ? [violation('I14', `${owner} has it as ${status} in ${topic}: ${error_message ?? 'it waits'}`, key)]
        : []
    }),
  )
}

/** Keys under which the harness put something that no service wrote. */
export function poisonedKeys(facts: Pick<Facts, 'log' | 'deadLetters'>): ReadonlySet<string> {
  return new Set([...facts.log.filter(isPoisonous), ...lettersOf(facts)].map(({ key }) => key))
}

const isPoisonous = ({ isPoison }: LogRecord) => isPoison

/** What was poisoned in a log that may have been wiped since. */
function lettersOf({ deadLetters: letters }: Pick<Facts, 'deadLetters'>) {
  return Object.values(letters)
    .flat()
    .filter(({ is_poison }) => is_poison)
}

/** What services wrote. */
function written(log: readonly LogRecord[]): LogRecord[] {
  return log.filter(({ isPoison }) => !isPoison)
}

function firstOccurrences(records: readonly LogRecord[]): LogRecord[] {
  const seen = new Set<string | null>()
  return records
    .toSorted((a, b) => a.offset - b.offset)
    .filter(({ event_id }) => !seen.has(event_id) && seen.add(event_id))
}

function lastSequences(log: readonly LogRecord[]): Map<string, number> {
  const last = new Map<string, number>()
  for (const { topic, key, sequence } of written(log)) {
    const place = `${topic} ${key}`
    last.set(place, Math.max(last.get(place) ?? 0, sequence ?? 0))
  }
  return last
}

const violation = (invariant: 'I9' | 'I10' | 'I11' | 'I14', what: string, order_id: string): Violation => ({
  invariant,
  what,
  order_id,
})
