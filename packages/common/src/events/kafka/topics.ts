import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { Log } from '../../log.ts'
import { createKafka } from './client.ts'

export interface TopicSettings {
  topic: string
  partitions: number
  retentionMs: number
}

const LEADERS = { timeoutMs: 30_000, everyMs: 100 }

/** Creates the topics that are missing, and waits until they can be written; those that exist stay as they are. */
export async function createTopics(
  brokers: string[],
  topics: readonly TopicSettings[],
  { log, replication = 1 }: { log: Log; replication?: number },
): Promise<void> {
  const admin = createKafka({ brokers, clientId: 'lepton-setup' }, log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    if (missing.length === 0) return
    await admin.createTopics({
      // kafkajs gives its wait up when a broker is slow to know a topic that it has just created.
      waitForLeaders: false,
      topics: missing.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: [{ name: 'retention.ms', value: String(retentionMs) }],
      })),
    })
    await waitForLeaders(
      admin,
      missing.map(({ topic }) => topic),
    )
  } finally {
    await admin.disconnect()
  }
}

async function waitForLeaders(admin: Admin, topics: string[]): Promise<void> {
  for (const endsAt = performance.now() + LEADERS.timeoutMs; ;) {
    const metadata = await admin.fetchTopicMetadata({ topics }).catch((error: unknown) => {
      if (performance.now() > endsAt) throw error
      return undefined
    })
    if (metadata?.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return
    if (performance.now() > endsAt) throw new Error('Kafka gives the new topics no leader')
    await delay(LEADERS.everyMs)
  }
}
