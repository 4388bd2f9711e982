import { doubledMs } from '@lepton/common/runtime/backoff'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import { createGroupCommit } from '@lepton/common/runtime/group-commit'
import { createApplier } from './applier.ts'
import type { Broker, Delivery } from './broker.ts'
import { countOpen } from './dead-letters/dead-letter.ts'
import { startUnblocker } from './dead-letters/unblock.ts'
import type { Outbox } from './outbox.ts'
import { createScreen, type ScreenDeps } from './signatures/screen.ts'
import { parseRecord, type Subscription } from './subscription.ts'
import { type ConsumerStuck, superviseProgress } from './supervise.ts'

export interface ConsumeDeps extends ScreenDeps {
  broker: Broker
  outbox: Outbox
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
  const { maxPauseMs = 5_000, unblockEveryMs = 5_000, chunkSize = 400, maxTransactions = 2 } = settings
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

  const screen = createScreen(
    deps,
    subscriptions.map(({ topic }) => topic),
  )

  async function work(delivery: Delivery): Promise<void> {
    const { topic, partition, records } = delivery
    const { subscription, apply } = topics.get(topic)!
    lag.set({ topic, partition }, delivery.lag)
    for (let start = 0; start < records.length; start += chunkSize) {
      if (!delivery.isCurrent()) return
      const chunk = records.slice(start, start + chunkSize)
      const trusted = await screen(subscription.topic, delivery, chunk)
      await apply(trusted.map((record) => parseRecord(record, delivery, subscription, Date.now())))
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
      const ms = doubledMs(failures, { baseMs: 100, maxMs: maxPauseMs })
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
