import type { Log } from '../../log.ts'
import { createKafka } from './client.ts'

export interface TopicSettings {
  topic: string
  partitions: number
  retentionMs: number
}

/** Creates the topics that are missing; those that exist stay as they are. */
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
      waitForLeaders: true,
      topics: missing.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: [{ name: 'retention.ms', value: String(retentionMs) }],
      })),
    })
  } finally {
    await admin.disconnect()
  }
}
