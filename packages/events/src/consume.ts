import { setTimeout as delay } from 'node:timers/promises'
import { ZodError } from 'zod'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import type { Database } from './postgres/database.ts'
import { Refusal } from '@lepton/common/runtime/problem'
import { applyChunk } from './apply.ts'
import type { Broker, Delivery } from './broker.ts'
import { countOpen, type DeadLetterDeps, findReplayable, markDead, park } from './dead-letters/dead-letter.ts'
import type { Outbox } from './outbox.ts'
import { replay } from './dead-letters/replay.ts'
import { type ConsumerStuck, superviseProgress } from './supervise.ts'
import { type ParsedRecord, parseRecord, Poison, type Subscription } from './subscription.ts'

export interface ConsumeDeps {
  database: Database
  broker: Broker
  outbox: Outbox
  log: Log
  metrics: Metrics
}

export interface ConsumeSettings {
  group: string
  chunkSize?: number
  /** Of one topic at the same time. */
  maxTransactions?: number
  concurrency?: number
  poisonTries?: number
  maxPauseMs?: number
  unblockEveryMs?: number
  /** Called when the consumer is stuck although broker and database answer. */
  onStuck?: (error: ConsumerStuck) => void
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
  const { database, broker, log, metrics } = deps
  const { maxPauseMs = 5_000, unblockEveryMs = 5_000, chunkSize = 100, maxTransactions = 2 } = settings
  const pauses = new Map<string, number>()
  const lag = metrics.gauge({
    name: 'kafka_consumer_lag_records',
    help: 'Records of a partition behind the ones in progress',
    labelNames: ['topic', 'partition'],
  })
  metrics.gauge({
    name: 'dead_letters_open',
    help: 'Records that could not be applied (DEAD) and those that wait behind them (BLOCKED), of all instances',
    labelNames: ['status'],
    collect: async (gauge) => {
      const unknown = { DEAD: Number.NaN, BLOCKED: Number.NaN }
      const counts = await countOpen(database).catch(() => unknown)
      for (const [status, count] of Object.entries(counts)) gauge.set({ status }, count)
    },
  })
  // Few large transactions for each topic, on what all its partitions have: they cost a fraction of many
  // small ones. A second one begins while the first is in the database, and only when there is plenty.
  const topics = new Map<string, { subscription: Subscription; apply: ReturnType<typeof createApplier> }>(
    subscriptions.map((subscription) => {
      const apply = createGroupCommit(createApplier(deps, subscription, settings), chunkSize, maxTransactions)
      return [subscription.topic.name, { subscription, apply }]
    }),
  )

  async function work(delivery: Delivery): Promise<void> {
    const { topic, partition, records } = delivery
    const { subscription, apply } = topics.get(topic)!
    lag.set({ topic, partition }, delivery.lag)
    for (let start = 0; start < records.length; start += chunkSize) {
      if (!delivery.isCurrent()) return
      const chunk = records.slice(start, start + chunkSize)
      await apply(chunk.map((record) => parseRecord(record, delivery, subscription, Date.now())))
      failpoint('consumer.after_commit_before_offset')
      await delivery.done(chunk.at(-1)!.offset)
    }
  }

  async function onDelivery(delivery: Delivery): Promise<void> {
    const place = `${delivery.topic}/${delivery.partition}`
    try {
      await work(delivery)
      pauses.delete(place)
    } catch (error) {
      const failures = (pauses.get(place) ?? 0) + 1
      pauses.set(place, failures)
      const ms = Math.min(maxPauseMs, 100 * 2 ** Math.min(failures, 10))
      log.warn({ err: error, place, ms }, 'partition paused during an outage')
      delivery.pauseFor(ms)
    }
  }

  const subscriber = broker.subscribe({
    group: settings.group,
    topics: subscriptions.map(({ topic }) => topic.name),
    concurrency: settings.concurrency ?? 12,
    onDelivery,
  })
  const supervision = superviseProgress({
    progress: subscriber.progress,
    probe: () => Promise.all([broker.probe(), database.query('select 1')]),
    onStuck: settings.onStuck ?? endProcess,
    log,
  })
  const unblocker = startUnblocker({ ...deps, group: settings.group }, subscriptions, log, unblockEveryMs)
  return {
    stop: async () => {
      supervision.stop()
      await Promise.all([subscriber.stop(), unblocker.stop()])
    },
  }
}

/** As an uncaught fault: the process stops in order if it still can, ends with a failure, and is restarted. */
function endProcess(error: ConsumerStuck): void {
  setImmediate(() => {
    throw error
  })
}

/** Applies records of a topic; only an outage comes out as a fault. */
function createApplier(
  { database, outbox, metrics, log }: ConsumeDeps,
  subscription: Subscription,
  { group, poisonTries = 5 }: ConsumeSettings,
): (records: readonly ParsedRecord[]) => Promise<void> {
  const { name: topic, number: consumer } = subscription.topic
  const events = metrics.counter({
    name: 'messaging_client_consumed_messages_total',
    help: 'Records consumed, by topic and outcome',
    labelNames: ['topic', 'outcome'],
  })
  const duration = metrics.histogram({
    name: 'messaging_process_duration_seconds',
    help: 'Duration of one transaction of records',
    labelNames: ['topic'],
  })

  async function apply(records: readonly ParsedRecord[]): Promise<void> {
    const done = duration.startTimer({ topic })
    const outcome = await database
      .inTransaction((tx) => applyChunk(tx, subscription, records, Date.now()))
      .finally(done)
    for (const [name, count] of Object.entries(outcome)) events.inc({ topic, outcome: name }, count as number)
    if (outcome.blocked > 0) log.warn({ topic, blocked: outcome.blocked }, 'events blocked by a sequence gap')
  }

  /** Halves what holds something poisonous until it stands alone. */
  async function applyOrBisect(records: readonly ParsedRecord[]): Promise<void> {
    if (records.length === 1) return applyOrPark(records[0]!)
    if (records.every(({ fault }) => fault === undefined)) {
      try {
        await apply(records)
        return
      } catch (error) {
        if (!isPoison(error)) throw error
      }
    }
    const middle = Math.ceil(records.length / 2)
    await applyOrBisect(records.slice(0, middle))
    await applyOrBisect(records.slice(middle))
  }

  async function applyOrPark(parsed: ParsedRecord): Promise<void> {
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
    log.error({ err: fault, topic, offset: parsed.record.offset }, 'record parked as a dead letter')
    failpoint('dlq.before_park')
    await park({ database, outbox, group }, consumer, parsed, {
      attempts: Math.max(1, attempts),
      error: fault!,
    })
    failpoint('dlq.after_park')
    events.inc({ topic, outcome: 'dead' })
  }

  return async (records) => {
    if (records.length > 0) await applyOrBisect(records)
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
  deps: DeadLetterDeps,
  subscriptions: readonly Subscription[],
  log: Log,
  everyMs: number,
) {
  let running: Promise<void> = Promise.resolve()
  async function replayOrMarkDead(subscription: Subscription, id: number): Promise<boolean> {
    try {
      return await replay(deps.database, subscription, id, Date.now())
    } catch (error) {
      if (!isPoison(error)) throw error
      log.error({ err: error, letter: id }, 'blocked record became a dead letter')
      await markDead(deps, id, error as Error)
      return false
    }
  }

  async function unblock(): Promise<void> {
    for (;;) {
      const letters = await findReplayable(deps.database, 100)
      let replayed = 0
      for (const { id, consumer } of letters) {
        const subscription = subscriptions.find(({ topic }) => topic.number === consumer)
        if (subscription !== undefined && (await replayOrMarkDead(subscription, id))) replayed++
      }
      if (replayed === 0) return
    }
  }
  const timer = setInterval(() => {
    running = running
      .then(unblock)
      .catch((error: unknown) => log.warn({ err: error }, 'unblocking failed, will retry'))
  }, everyMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
