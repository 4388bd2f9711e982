import { randomUUID } from 'node:crypto'
import { createKafka } from '@lepton/events/kafka/client'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { createLog } from '@lepton/common/runtime/log'
import { SUBSCRIPTIONS, type Topic, TOPICS } from '@lepton/contracts/topics'
import { allTopics } from '@lepton/setup/topics'
import { until } from '@lepton/testing/until'
import type { LogRecord } from '../invariants/facts.ts'

const DUMP_TIMEOUT_MS = 120_000
/** Marks a record that the harness wrote and no service would. */
export const POISON_HEADER = 'x-chaos-poison'

export type RawRecord = LogRecord & { value: Buffer | null; headers: Record<string, string> }

export function createChaosKafka(access: KafkaAccess) {
  const log = createLog({ service: 'chaos', instance: 'chaos', level: 'silent' })
  return createKafka({ ...access, clientId: `chaos-${randomUUID()}` }, log)
}

/** Every record of every topic, dead letters' too, in offset order per partition. */
export async function dumpTopics(access: KafkaAccess): Promise<RawRecord[]> {
  const kafka = createChaosKafka(access)
  const admin = kafka.admin()
  await admin.connect()
  const ends = new Map<string, number>()
  const topics = allTopics().map(({ topic }) => topic)
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (Number(high) > Number(low)) ends.set(`${topic} ${partition}`, Number(high))
    }
  }
  const group = `chaos-dump-${randomUUID()}`
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 })
  const records: RawRecord[] = []
  try {
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: ({ batch: { topic, partition, messages } }) => {
        for (const message of messages) records.push(recordOf(topic, partition, message))
        if (Number(messages.at(-1)!.offset) + 1 >= (ends.get(`${topic} ${partition}`) ?? Infinity)) {
          ends.delete(`${topic} ${partition}`)
        }
        return Promise.resolve()
      },
    })
    await until('the topics to be read', () => ends.size === 0, { timeoutMs: DUMP_TIMEOUT_MS, everyMs: 50 })
  } finally {
    await consumer.disconnect()
    await admin.deleteGroups([group]).catch(() => undefined)
    await admin.disconnect()
  }
  return records
}

interface Message {
  offset: string
  key: Buffer | null
  value: Buffer | null
  timestamp: string
  headers?: Record<string, unknown>
}

function recordOf(topic: string, partition: number, message: Message): RawRecord {
  const headers = Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
  )
  const { ce_id = null, ce_type = null, ce_sequence } = headers
  return {
    topic,
    partition,
    offset: Number(message.offset),
    key: message.key?.toString() ?? '',
    event_id: ce_id,
    sequence: ce_sequence === undefined ? null : Number(ce_sequence),
    type: ce_type,
    timestamp_ms: Number(message.timestamp),
    // A dead letter carries the headers of what died.
    isPoison: topic in TOPICS && POISON_HEADER in headers,
    value: message.value,
    headers,
  }
}

/** Records that the services' consumers have still to commit. */
export async function countLag(access: KafkaAccess): Promise<number> {
  const admin = createChaosKafka(access).admin()
  await admin.connect()
  try {
    let lag = 0
    for (const [groupId, topics] of Object.entries<readonly Topic[]>(SUBSCRIPTIONS)) {
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
        const ends = new Map(
          (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
        )
        for (const { partition, offset } of partitions) {
          lag += Math.max(0, ends.get(partition)! - Math.max(0, Number(offset)))
        }
      }
    }
    return lag
  } finally {
    await admin.disconnect()
  }
}
