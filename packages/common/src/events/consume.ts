import { setTimeout as delay } from 'node:timers/promises'
import { TOPICS } from '@lepton/contracts/topics'
import { ZodError } from 'zod'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../postgres.ts'
import { Refusal } from '../problem.ts'
import { applyChunk } from './apply.ts'
import type { Broker, Delivery } from './broker.ts'
import { bury, findReplayable } from './dead-letter.ts'
import { replay } from './replay.ts'
import { type ParsedRecord, parseRecord, Poison, type Subscription } from './subscription.ts'

export interface ConsumeDeps {
  database: Database
  broker: Broker
  log: Log
  metrics: Metrics
}

export interface ConsumeSettings {
  group: string
  chunkSize?: number
  concurrency?: number
  poisonTries?: number
  maxPauseMs?: number
  unblockEveryMs?: number
}

/**
 * Keeps a service's subscriptions going: every event of a topic is applied exactly once and in order
 * per key, whatever is delivered twice, late or to two members at once.
 *
 * A handler's fault stops only the key it happened on, which waits as dead letters; an outage stops the
 * partition until it is over. Nothing is ever skipped and nothing is thrown at the broker's client.
 */
export function startConsumer(
  deps: ConsumeDeps,
  subscriptions: readonly Subscription[],
  settings: ConsumeSettings,
): { stop(): Promise<void> } {
  const { database, broker, log } = deps
  const pauses = new Map<string, number>()
  const { maxPauseMs = 5_000, unblockEveryMs = 5_000 } = settings

  async function onDelivery(delivery: Delivery): Promise<void> {
    const place = `${delivery.topic}/${delivery.partition}`
    const subscription = subscriptions.find(({ topic }) => topic === delivery.topic)!
    try {
      await work(delivery, subscription, deps, settings)
      pauses.delete(place)
    } catch (error) {
      const failures = (pauses.get(place) ?? 0) + 1
      pauses.set(place, failures)
      const ms = Math.min(maxPauseMs, 100 * 2 ** Math.min(failures, 10))
      log.warn({ err: error, place, ms }, 'a partition waits for the end of an outage')
      delivery.pauseFor(ms)
    }
  }

  const subscriber = broker.subscribe({
    group: settings.group,
    topics: subscriptions.map(({ topic }) => topic),
    concurrency: settings.concurrency ?? 4,
    onDelivery,
  })
  const unblocker = startUnblocker(database, subscriptions, log, unblockEveryMs)
  return {
    stop: async () => {
      await Promise.all([subscriber.stop(), unblocker.stop()])
    },
  }
}

async function work(
  delivery: Delivery,
  subscription: Subscription,
  deps: ConsumeDeps,
  { chunkSize = 100, poisonTries = 5 }: ConsumeSettings,
): Promise<void> {
  const { database, metrics, log } = deps
  const { consumer } = TOPICS[subscription.topic]
  const events = metrics.counter({
    name: 'messaging_client_consumed_messages_total',
    help: 'Records by topic and what became of them',
    labelNames: ['topic', 'outcome'],
  })
  const duration = metrics.histogram({
    name: 'messaging_process_duration_seconds',
    help: 'Duration of one chunk, its transaction included',
    labelNames: ['topic'],
  })

  async function apply(chunk: readonly ParsedRecord[]): Promise<void> {
    const done = duration.startTimer({ topic: delivery.topic })
    const outcome = await database.inTransaction((tx) =>
      applyChunk(tx, subscription, delivery, chunk, Date.now()),
    )
    done()
    for (const [name, count] of Object.entries(outcome)) {
      events.inc({ topic: delivery.topic, outcome: name }, count as number)
    }
    if (outcome.blocked > 0)
      log.warn({ topic: delivery.topic, blocked: outcome.blocked }, 'events wait for earlier ones')
  }

  /** Halves a chunk that holds something poisonous until it stands alone. */
  async function applyOrBisect(chunk: readonly ParsedRecord[]): Promise<void> {
    if (chunk.length === 0) return
    if (chunk.length === 1) return applyOrBury(chunk[0]!)
    if (chunk.every(({ fault }) => fault === undefined)) {
      try {
        await apply(chunk)
        return
      } catch (error) {
        if (!isPoison(error)) throw error
      }
    }
    const middle = Math.ceil(chunk.length / 2)
    await applyOrBisect(chunk.slice(0, middle))
    await applyOrBisect(chunk.slice(middle))
  }

  async function applyOrBury(parsed: ParsedRecord): Promise<void> {
    let fault = parsed.fault as Error | undefined
    let attempts = 0
    for (; fault === undefined && attempts < poisonTries; attempts++) {
      try {
        await apply([parsed])
        return
      } catch (error) {
        if (!isPoison(error)) throw error
        if (attempts + 1 === poisonTries) fault = error as Error
        else await delay(50 * 2 ** attempts)
      }
    }
    log.error(
      { err: fault, topic: delivery.topic, offset: parsed.record.offset },
      'a record became a dead letter',
    )
    await bury(database, consumer, delivery, parsed, { attempts: Math.max(1, attempts), error: fault! })
    events.inc({ topic: delivery.topic, outcome: 'dead' })
  }

  const lag = metrics.gauge({
    name: 'kafka_consumer_lag_records',
    help: 'Records of a partition that wait behind the ones at work',
    labelNames: ['topic', 'partition'],
  })
  lag.set({ topic: delivery.topic, partition: delivery.partition }, delivery.lag)
  const now = Date.now()
  for (let start = 0; start < delivery.records.length; start += chunkSize) {
    if (!delivery.isCurrent()) return
    const records = delivery.records.slice(start, start + chunkSize)
    await applyOrBisect(records.map((record) => parseRecord(record, delivery.topic, subscription, now)))
    await delivery.done(records.at(-1)!.offset)
  }
}

/**
 * Whether trying again cannot help. An allow-list: whatever is not on it counts as an outage, since a
 * killed database answers with errors that carry no code at all.
 */
export function isPoison(error: unknown): boolean {
  if (error instanceof Poison || error instanceof Refusal || error instanceof ZodError) return true
  if (error instanceof TypeError || error instanceof RangeError) return true
  if (error instanceof ReferenceError || error instanceof SyntaxError) return true
  return /^2[23]\w{3}$/.test((error as { code?: string } | null)?.code ?? '')
}

/** Replays BLOCKED letters whose key has nothing dead before them, so that no race strands one. */
function startUnblocker(
  database: Database,
  subscriptions: readonly Subscription[],
  log: Log,
  everyMs: number,
) {
  let running: Promise<void> = Promise.resolve()
  async function unblock(): Promise<void> {
    for (;;) {
      const letters = await findReplayable(database, 100)
      let replayed = 0
      for (const { id, consumer } of letters) {
        const subscription = subscriptions.find(({ topic }) => TOPICS[topic].consumer === consumer)
        if (subscription !== undefined && (await replay(database, subscription, id, Date.now()))) replayed++
      }
      if (replayed === 0) return
    }
  }
  const timer = setInterval(() => {
    running = running
      .then(unblock)
      .catch((error: unknown) => log.warn({ err: error }, 'blocked events wait on'))
  }, everyMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
