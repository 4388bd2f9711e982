import type { KafkaRight } from '@lepton/events/kafka/rights'
import { deadLetterTopic } from '@lepton/events/dead-letters/dead-letter'
import { isConsuming, isPublishing } from '@lepton/contracts/services'
import { RECORDED_EVENTS_TOPIC, SUBSCRIPTIONS, TOPICS } from '@lepton/contracts/topics'
import { DATABASE_OWNERS, type DatabaseOwner } from './services.ts'

/** The services that talk to Kafka: those with events of their own, and the one that looks at all of them. */
export const KAFKA_USERS = [...DATABASE_OWNERS, 'ops'] as const
export type KafkaUser = (typeof KAFKA_USERS)[number]

export function isKafkaUser(service: string): service is KafkaUser {
  return (KAFKA_USERS as readonly string[]).includes(service)
}

/**
 * What each service may do, by the contracts: publish on its own topics and those of its dead letters, read what it is
 * subscribed to in its own group. Whatever is not here is refused; only the set-up creates and deletes.
 */
export function kafkaRights(): KafkaRight[] {
  return [...DATABASE_OWNERS.flatMap(rightsOf), ...rightsOfOps()]
}

function rightsOf(user: DatabaseOwner): KafkaRight[] {
  const all = [...Object.values(TOPICS), RECORDED_EVENTS_TOPIC]
  const own = isPublishing(user) ? all.filter(({ owner }) => owner === user).map(({ name }) => name) : []
  const read = isConsuming(user) ? SUBSCRIPTIONS[user] : []
  const letters = read.map((topic) => deadLetterTopic(topic, user))
  return [
    ...[...own, ...letters].map((name): KafkaRight => ({ user, kind: 'topic', name, may: 'write' })),
    ...read.map((name): KafkaRight => ({ user, kind: 'topic', name, may: 'read' })),
    ...(read.length > 0 ? [{ user, kind: 'group', name: user, may: 'read' } as const] : []),
  ]
}

/** It counts from the start of the log in groups of each process's own, and says how far the others are. */
function rightsOfOps(): KafkaRight[] {
  const user = 'ops'
  return [
    ...Object.keys(TOPICS).map((name): KafkaRight => ({ user, kind: 'topic', name, may: 'read' })),
    { user, kind: 'group', name: 'ops-', isPrefix: true, may: 'read' },
    ...Object.keys(SUBSCRIPTIONS).map((name): KafkaRight => ({ user, kind: 'group', name, may: 'look' })),
  ]
}
