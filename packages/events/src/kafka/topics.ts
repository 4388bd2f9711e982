import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import { createKafka } from './client.ts'
import type { KafkaAccess } from './settings.ts'

export interface TopicSettings {
  topic: string
  partitions: number
  retentionMs: number
}

const LEADERS = { timeoutMs: 30_000, everyMs: 100 }

/** What the broker's defaults may say otherwise, and events rely on. */
const STATED = {
  'cleanup.policy': 'delete',
  'retention.bytes': '-1',
  'compression.type': 'producer',
  'message.timestamp.type': 'CreateTime',
  'max.message.bytes': '1048588',
  'unclean.leader.election.enable': 'false',
}

/**
 * Creates the topics that are missing, and waits until they can be written; those that exist stay as they are.
 *
 * Each has as many copies as the broker's default says, and of three or more two have to acknowledge.
 *
 * @throws Error for an existing topic with another number of partitions: its keys would lose their order
 */
export async function createTopics(
  access: KafkaAccess,
  topics: readonly TopicSettings[],
  { log }: { log: Log },
): Promise<void> {
  const admin = createKafka({ ...access, clientId: 'lepton-setup' }, log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    await checkPartitions(
      admin,
      topics.filter(({ topic }) => existing.has(topic)),
    )
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    if (missing.length === 0) return
    const copies = await defaultCopies(admin)
    await admin.createTopics({
      // kafkajs gives its wait up when a broker is slow to know a topic that it has just created.
      waitForLeaders: false,
      topics: missing.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: copies,
        configEntries: Object.entries({
          ...STATED,
          'retention.ms': String(retentionMs),
          'min.insync.replicas': copies > 2 ? '2' : '1',
        }).map(([name, value]) => ({ name, value })),
      })),
    })
    await waitUntilWritable(
      admin,
      missing.map(({ topic }) => topic),
    )
  } finally {
    await admin.disconnect()
  }
}

async function defaultCopies(admin: Admin): Promise<number> {
  const { brokers } = await admin.describeCluster()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      {
        // Node finds this export by the default one only.
        type: kafkajs.ConfigResourceTypes.BROKER,
        name: String(brokers[0]!.nodeId),
        configNames: ['default.replication.factor'],
      },
    ],
  })
  return Number(resources[0]!.configEntries[0]!.configValue)
}

async function checkPartitions(admin: Admin, wanted: readonly TopicSettings[]): Promise<void> {
  if (wanted.length === 0) return
  const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) })
  for (const { name, partitions } of topics) {
    const count = wanted.find(({ topic }) => topic === name)!.partitions
    if (partitions.length === count) continue
    throw new Error(
      `The topic ${name} exists with ${partitions.length} partitions; it needs ${count}. Delete it, and the archives fill it again.`,
    )
  }
}

/** A leader is named before its log is there: until then it refuses what is written, for some partitions of a request. */
async function waitUntilWritable(admin: Admin, topics: readonly string[]): Promise<void> {
  for (const endsAt = performance.now() + LEADERS.timeoutMs; ;) {
    try {
      for (const topic of topics) await admin.fetchTopicOffsets(topic)
      return
    } catch (error) {
      if (performance.now() > endsAt)
        throw new Error('Kafka gives the new topics no leader', { cause: error })
    }
    await delay(LEADERS.everyMs)
  }
}
