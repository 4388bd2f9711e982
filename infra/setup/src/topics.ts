import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { createTopics } from '@lepton/events/kafka/topics'
import { createLog } from '@lepton/common/runtime/log'
import { deadLetterTopic } from '@lepton/events/dead-letters/dead-letter'
import { RECORDED_EVENTS_TOPIC, SUBSCRIPTIONS, TOPICS, type Topic } from '@lepton/contracts/topics'

const DEAD_LETTER_PARTITIONS = 1
const DEAD_LETTER_RETENTION_MS = 30 * 86_400_000

/** Every topic of the shop with its dead-letter topics. */
export function allTopics() {
  const topics = [...Object.values(TOPICS), RECORDED_EVENTS_TOPIC].map(
    ({ name, partitions, retentionMs }) => ({
      topic: name,
      partitions,
      retentionMs,
    }),
  )
  const deadLetters = Object.entries(SUBSCRIPTIONS).flatMap(([service, subscribed]) =>
    subscribed.map((topic: Topic) => ({
      topic: deadLetterTopic(topic, service),
      partitions: DEAD_LETTER_PARTITIONS,
      retentionMs: DEAD_LETTER_RETENTION_MS,
    })),
  )
  return [...topics, ...deadLetters]
}

/** Creates the topics that are missing. */
export async function createAllTopics(access: KafkaAccess): Promise<void> {
  const log = createLog({ service: 'setup', instance: 'setup', level: 'silent' })
  await createTopics(access, allTopics(), { log })
}
