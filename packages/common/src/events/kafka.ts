import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { type Consumer, type EachBatchPayload, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import type { Log } from '../log.ts'
import type { Broker, Delivery, OutgoingRecord, SubscribeOptions, Subscriber } from './broker.ts'

export interface KafkaSettings {
  brokers: string[]
  clientId: string
  connectionTimeoutMs?: number
  requestTimeoutMs?: number
  sessionTimeoutMs?: number
  heartbeatIntervalMs?: number
  rebalanceTimeoutMs?: number
  maxWaitMs?: number
  /** Offsets of finished work are told to Kafka together, at most this much later. */
  commitEveryMs?: number
}

/**
 * Long enough for a broker's restart: a client that gives up sooner joins its group anew, and the group
 * then waits for the session of the member it was.
 */
const RETRY = { initialRetryTime: 100, maxRetryTime: 500, retries: 60 }

interface RequestQueue {
  pending: unknown[]
  throttledUntil: number
}

/**
 * kafkajs 2.2.4 wakes up some 900 times a second per idle connection: it schedules the next look at
 * its request queue with a negative delay even when nothing is pending (kafkajs issues 1556, 1751).
 * With the patch it looks again only when something waits or the broker throttles.
 */
export function patchIdleLoop(): void {
  const require = createRequire(import.meta.url)
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== '2.2.4') throw new Error(`the idle-loop patch is for kafkajs 2.2.4, not ${version}`)
  const { prototype } = require('kafkajs/src/network/requestQueue') as {
    prototype: { scheduleCheckPendingRequests: (this: RequestQueue) => void; isPatched?: boolean }
  }
  if (prototype.isPatched === true) return
  const original = prototype.scheduleCheckPendingRequests
  prototype.isPatched = true
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

function createKafka(settings: KafkaSettings, log: Log): Kafka {
  patchIdleLoop()
  return new Kafka({
    brokers: settings.brokers,
    clientId: settings.clientId,
    connectionTimeout: settings.connectionTimeoutMs ?? 2_000,
    requestTimeout: settings.requestTimeoutMs ?? 5_000,
    retry: RETRY,
    logLevel: logLevel.WARN,
    // Its ERROR is not ours: everything below is retried, so nobody need act on a line of it.
    logCreator:
      () =>
      ({ log: entry }) => {
        const { message, error } = entry
        log.warn({ kafkajs: error }, message)
      },
  })
}

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

function subscribe(kafka: Kafka, settings: KafkaSettings, log: Log, options: SubscribeOptions): Subscriber {
  const stopping = new AbortController()

  /** One life of a consumer: ends when it is told to stop or crashed beyond its own restarts. */
  async function live(): Promise<void> {
    const consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: settings.sessionTimeoutMs ?? 8_000,
      heartbeatInterval: settings.heartbeatIntervalMs ?? 2_000,
      rebalanceTimeout: settings.rebalanceTimeoutMs ?? 16_000,
      maxWaitTimeInMs: settings.maxWaitMs ?? 2_000,
      allowAutoTopicCreation: false,
      // A restart of its own would outlive our stop: it begins later, from a timer that nobody can clear.
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    })
    const ended = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      if (stopping.signal.aborted) resolve()
      stopping.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    // The rejection is looked at below, but a crash may come while we are still connecting.
    ended.catch(() => undefined)
    const offsets = createOffsets(consumer, settings.commitEveryMs ?? 200, log)
    const pauses = new Set<NodeJS.Timeout>()
    try {
      const topicId = await clusterIdOf(kafka)
      await consumer.connect()
      await consumer.subscribe({ topics: [...options.topics], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: (payload) => options.onDelivery(asDelivery(offsets, pauses, payload, topicId)),
      })
      await ended
    } finally {
      for (const pause of pauses) clearTimeout(pause)
      await offsets.close()
      await consumer
        .stop()
        .catch((error: unknown) => log.debug({ err: error }, 'the consumer was stopped already'))
      await consumer
        .disconnect()
        .catch((error: unknown) => log.debug({ err: error }, 'the consumer was gone already'))
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      const startedAt = Date.now()
      await live().catch((error: unknown) =>
        log.warn({ err: error, group: options.group }, 'the consumer starts anew'),
      )
      if (Date.now() - startedAt > 60_000) failures = 0
      const backoffMs = Math.min(5_000, 200 * 2 ** Math.min(failures, 10)) * Math.random()
      await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

interface Offsets {
  done(topic: string, partition: number, offset: string): void
  close(): Promise<void>
}

/**
 * Commits finished offsets, many in one request. A crash before the commit repeats records, which the
 * inbox drops; one request per chunk would cost more than the chunk itself.
 */
function createOffsets(consumer: Consumer, everyMs: number, log: Log): Offsets {
  const finished = new Map<string, { topic: string; partition: number; offset: string }>()
  let timer: NodeJS.Timeout | undefined

  async function commit(): Promise<void> {
    timer = undefined
    const offsets = [...finished.values()]
    finished.clear()
    if (offsets.length === 0) return
    await consumer.commitOffsets(offsets).catch((error: unknown) => {
      log.debug({ err: error }, 'offsets were not taken; their records come again and are dropped')
    })
  }

  return {
    done: (topic, partition, offset) => {
      finished.set(`${topic}/${partition}`, { topic, partition, offset: String(BigInt(offset) + 1n) })
      timer ??= setTimeout(() => void commit(), everyMs)
    },
    close: async () => {
      clearTimeout(timer)
      await commit()
    },
  }
}

function asDelivery(
  offsets: Offsets,
  pauses: Set<NodeJS.Timeout>,
  payload: EachBatchPayload,
  topicId: string,
): Delivery {
  const { batch, resolveOffset, heartbeat, isRunning, isStale, pause } = payload
  const { topic, partition } = batch
  return {
    topic,
    topicId,
    partition,
    lag: Number(batch.offsetLag()),
    records: batch.messages.map((message) => ({
      offset: message.offset,
      key: message.key?.toString() ?? '',
      value: message.value,
      headers: Object.fromEntries(
        Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
      ),
      timestampMs: Number(message.timestamp),
    })),
    isCurrent: () => isRunning() && !isStale(),
    done: async (offset) => {
      resolveOffset(offset)
      offsets.done(topic, partition, offset)
      await heartbeat()
    },
    pauseFor: (ms) => {
      const resume = pause()
      const timer = setTimeout(() => {
        pauses.delete(timer)
        resume()
      }, ms)
      pauses.add(timer)
    },
  }
}

// kafkajs speaks no metadata version that tells topic ids; a log is only ever wiped with its cluster.
async function clusterIdOf(kafka: Kafka): Promise<string> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return (await admin.describeCluster()).clusterId
  } finally {
    await admin.disconnect()
  }
}

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
