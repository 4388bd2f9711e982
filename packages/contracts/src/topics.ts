import { CONSUMERS, type ConsumingService, PUBLISHERS, type PublishingService, SERVICES } from './services.ts'

const DAY_MS = 86_400_000
/** Never changes: a key must stay in its partition, or its events lose their order. */
const PARTITIONS = 12

export type Topic = `${PublishingService}.v1`

/** `number` names the topic in a consuming service's inbox. */
export interface TopicDefinition<Name extends Topic = Topic> {
  name: Name
  number: number
  /** The only service that publishes on it. */
  owner: PublishingService
  partitions: number
  retentionMs: number
}

/** The topics of the shop, one for each service that publishes. */
export const TOPICS = Object.fromEntries(
  PUBLISHERS.map((service) => {
    const name = topicOf(service)
    const { topic: number } = SERVICES[service]
    return [name, { name, number, owner: service, partitions: PARTITIONS, retentionMs: 7 * DAY_MS }]
  }),
) as { readonly [Name in Topic]: TopicDefinition<Name> }

/** Events of others, recorded by POST /event: their key is their type. Nothing of the shop reads it. */
export const RECORDED_EVENTS_TOPIC = {
  name: 'events.v1',
  number: 5,
  owner: 'order',
  partitions: PARTITIONS,
  retentionMs: 7 * DAY_MS,
} as const

/** Who reads what: the subscriptions, and so the dead-letter topics, of the shop. */
export const SUBSCRIPTIONS = Object.fromEntries(
  CONSUMERS.map((service): [string, readonly Topic[]] => [service, SERVICES[service].consumes.map(topicOf)]),
) as Record<ConsumingService, readonly Topic[]>

function topicOf(service: PublishingService): Topic {
  return `${service}.v1`
}
