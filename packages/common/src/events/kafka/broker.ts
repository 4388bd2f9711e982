import { Partitioners, type Producer } from 'kafkajs'
import type { Log } from '../../log.ts'
import type { Broker, OutgoingRecord } from '../broker.ts'
import { clusterIdOf, createKafka, type KafkaSettings } from './client.ts'
import { subscribe } from './consumer.ts'

/**
 * Kafka as a broker. Sends wait for all in-sync replicas and are never "idempotent": kafkajs reuses a
 * sequence number after a lost answer, and Kafka would then drop a record it acknowledged. Repeats are
 * dropped by the consumers' inbox instead.
 */
export function createKafkaBroker(settings: KafkaSettings, log: Log): Broker {
  const kafka = createKafka(settings, log)
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    metadataMaxAge: 60_000,
  })
  let connected: Promise<Producer> | undefined
  function connect(): Promise<Producer> {
    connected ??= producer.connect().then(
      () => producer,
      (error: unknown) => {
        connected = undefined
        throw error
      },
    )
    return connected
  }
  return {
    send: async (records) => {
      const { sendBatch } = await connect()
      await sendBatch({
        acks: -1,
        timeout: settings.requestTimeoutMs ?? 5_000,
        topicMessages: byTopic(records),
      })
    },
    subscribe: (options) => subscribe(kafka, settings, log, options),
    probe: async () => {
      await clusterIdOf(kafka, { retries: 0 })
    },
    close: async () => {
      await connected?.then(() => producer.disconnect())
    },
  }
}

function byTopic(records: readonly OutgoingRecord[]) {
  const topics = Map.groupBy(records, ({ topic }) => topic)
  return [...topics].map(([topic, messages]) => ({
    topic,
    messages: messages.map(({ key, value, headers }) => ({ key, value, headers })),
  }))
}
