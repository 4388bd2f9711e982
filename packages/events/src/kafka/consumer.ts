import { fullJitterMs } from '@lepton/common/runtime/backoff'
import { pause } from '@lepton/common/runtime/wait'
import type { EachBatchPayload, Kafka } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import type { Delivery, SubscribeOptions, Subscriber } from '../broker.ts'
import { clusterIdOf, type KafkaSettings, RETRY } from './client.ts'
import { createOffsets, type Offsets } from './offsets.ts'
import { watchSilence } from './silence.ts'

/** Work that goes on sends heartbeats between its chunks; only a chunk that takes longer keeps them away. */
const BUSY_MS = 1_000

/** Before a consumer that crashed is made again. */
const RECREATE_BACKOFF = { baseMs: 200, maxMs: 5_000 }

/**
 * Keeps a member of a group alive until it is stopped: a consumer that crashed is recreated, since
 * kafkajs itself gives some crashes up for good.
 */
export function subscribe(
  { kafka, probe, log }: { kafka: Kafka; probe: () => Promise<void>; log: Log },
  settings: KafkaSettings,
  options: SubscribeOptions,
): Subscriber {
  const stopping = new AbortController()
  const work = createWork()
  let isAssigned = false
  let fetchedAtMs = performance.now()

  /** One life of a consumer: ends when it is stopped or crashed beyond its own restarts. */
  async function live(): Promise<void> {
    const consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: settings.sessionTimeoutMs ?? 8_000,
      heartbeatInterval: settings.heartbeatIntervalMs ?? 2_000,
      rebalanceTimeout: settings.rebalanceTimeoutMs ?? 8_000,
      maxWaitTimeInMs: settings.maxWaitMs ?? 2_000,
      allowAutoTopicCreation: false,
      // A restart of its own would outlive our stop: it begins later, from a timer that cannot be cleared.
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    })
    const ended = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      if (stopping.signal.aborted) resolve()
      stopping.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    // The rejection is looked at below, but a crash may come while we are still connecting.
    ended.catch(() => undefined)
    consumer.on(consumer.events.FETCH, () => {
      fetchedAtMs = performance.now()
    })
    const { onRequest } = settings
    if (onRequest !== undefined)
      consumer.on(consumer.events.REQUEST, ({ payload }) => onRequest(payload.apiName))
    const offsets = createOffsets(settings.commitEveryMs ?? 500, log)
    // Of the log that this membership reads: a broker that came back empty has another.
    let clusterId: Promise<string> | undefined
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      offsets.forget()
      clusterId = clusterIdOf(kafka)
      // A batch meets the failure itself; a membership without a batch does not need the id.
      clusterId.catch(() => undefined)
      isAssigned = Object.values(payload.memberAssignment).some((partitions) => partitions.length > 0)
      fetchedAtMs = performance.now()
    })
    let isSilent = false
    const silence = Promise.withResolvers<never>()
    silence.promise.catch(() => undefined)
    const watch = watchSilence(consumer, {
      silenceMs: settings.silenceMs ?? 12_000,
      isBusy: () => work.stalledForMs() >= BUSY_MS,
      probe,
      onSilent: () => {
        isSilent = true
        silence.reject(new Error('the consumer is silent although the broker answers'))
      },
    })
    const pauses = new Set<NodeJS.Timeout>()
    let started: Promise<void> = Promise.resolve()

    async function consume(): Promise<void> {
      await consumer.connect()
      await consumer.subscribe({ topics: [...options.topics], fromBeginning: true })
      started = consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: async (payload) => {
          const gatherUntilMs = fetchedAtMs + (options.gatherMs ?? 0)
          const delivery = asDelivery(offsets, pauses, payload, (await clusterId)!)
          await work.watch(delivery, (watched) => options.onDelivery(watched))
          // The next fetch begins when all of this one is worked on. One that is behind has enough to read.
          const leftMs = gatherUntilMs - performance.now()
          if (leftMs > 0 && delivery.lag === 0) await pause(leftMs, stopping.signal)
        },
      })
      await started
      await ended
    }

    async function leave(): Promise<void> {
      // While it joins for the first time it ignores a stop, and would go on as an unknown member.
      await started.catch(() => undefined)
      await offsets.close()
      await consumer
        .stop()
        .catch((error: unknown) => log.debug({ err: error }, 'the consumer was stopped already'))
      await consumer
        .disconnect()
        .catch((error: unknown) => log.debug({ err: error }, 'the consumer was gone already'))
    }

    try {
      await Promise.race([consume(), silence.promise])
    } finally {
      watch.stop()
      for (const pause of pauses) clearTimeout(pause)
      // One that is stuck would also be stuck in leaving: the group forgets it after its session.
      if (isSilent) void leave()
      else await leave()
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      const startedAt = Date.now()
      await live().catch((error: unknown) =>
        log.warn({ err: error, group: options.group }, 'consumer crashed, recreating it'),
      )
      if (Date.now() - startedAt > 60_000) failures = 0
      await pause(fullJitterMs(failures, RECREATE_BACKOFF, Math.random), stopping.signal)
    }
  }

  const running = run()
  return {
    progress: () => ({ isAssigned, fetchedAtMs, stalledSinceMs: work.stalledSinceMs() }),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** Knows since when deliveries are at work of which nothing was finished. */
function createWork() {
  const sinceMs = new Map<Delivery, number>()
  const stalledSinceMs = () => (sinceMs.size === 0 ? undefined : Math.min(...sinceMs.values()))
  return {
    stalledSinceMs,
    stalledForMs: () => performance.now() - (stalledSinceMs() ?? performance.now()),
    watch: async (delivery: Delivery, run: (delivery: Delivery) => Promise<void>) => {
      const touch = () => sinceMs.set(watched, performance.now())
      const watched: Delivery = {
        ...delivery,
        done: async (offset) => {
          touch()
          await delivery.done(offset)
        },
      }
      touch()
      try {
        await run(watched)
      } finally {
        sinceMs.delete(watched)
      }
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
      offsets.done({ topic, partition, offset }, payload.commitOffsetsIfNecessary)
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
