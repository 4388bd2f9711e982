import { setTimeout as delay } from 'node:timers/promises'
import { Partitioners, type Producer } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import type { Broker, OutgoingRecord } from '../broker.ts'
import { createKafka, createProbe, type KafkaSettings } from './client.ts'
import { subscribe } from './consumer.ts'

const MAX_TRIES = 20
const LEADER_WAIT_MS = 100

/**
 * Kafka as a broker. Sends wait for all in-sync replicas and are never "idempotent": kafkajs reuses a
 * sequence number after a lost answer, and Kafka would then drop a record it acknowledged. Repeats are
 * dropped by the consumers' inbox instead.
 */
export function createKafkaBroker(settings: KafkaSettings, log: Log): Broker {
  const kafka = createKafka(settings, log)
  const probe = createProbe(settings, log)
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    metadataMaxAge: 60_000,
    // The relay reads the outbox again before a retry: what comes first may differ after a broker came back empty.
    retry: { retries: 0 },
  })
  const { onRequest } = settings
  if (onRequest !== undefined)
    producer.on(producer.events.REQUEST, ({ payload }) => onRequest(payload.apiName))
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
  /**
   * What was not answered in time went to a machine that may be lost. kafkajs would keep the connection, which no one closes,
   * and what it knows of leaders, for a minute: a new connection asks a broker that answers.
   */
  async function leaveSilent(error: unknown): Promise<void> {
    if (!isUnanswered(error)) return
    connected = undefined
    await producer.disconnect()
  }
  return {
    send: async (records) => {
      const { sendBatch } = await connect()
      const batch = {
        acks: -1,
        timeout: settings.requestTimeoutMs ?? 5_000,
        topicMessages: byTopic(records),
      }
      for (let tries = 1; ; tries++) {
        try {
          await sendBatch(batch)
          return
        } catch (error) {
          await leaveSilent(error)
          if (tries === MAX_TRIES || !isBetweenLeaders(error)) throw error
          await delay(LEADER_WAIT_MS)
        }
      }
    },
    subscribe: (options) => subscribe({ kafka, probe, log }, settings, options),
    probe,
    close: async () => {
      await connected?.then(() => producer.disconnect())
    },
  }
}

/** A partition that is new or moves has a leader in a moment, and the log stays what it is. */
function isBetweenLeaders(error: unknown): boolean {
  const { cause } = error as { cause?: { type?: string } }
  return cause?.type === 'NOT_LEADER_FOR_PARTITION' || cause?.type === 'LEADER_NOT_AVAILABLE'
}

function isUnanswered(error: unknown): boolean {
  const name = 'KafkaJSRequestTimeoutError'
  const { name: own, cause } = error as { name?: string; cause?: { name?: string } }
  return own === name || cause?.name === name
}

function byTopic(records: readonly OutgoingRecord[]) {
  const topics = Map.groupBy(records, ({ topic }) => topic)
  return [...topics].map(([topic, messages]) => ({
    topic,
    messages: messages.map(({ key, value, headers }) => ({ key, value, headers })),
  }))
}
