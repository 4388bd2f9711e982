import { isDeepStrictEqual } from 'node:util'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import { startTimer } from '@lepton/common/runtime/timer'
import { OrderCancelled, OrderClosed, OrderCompleted, OrderPlaced } from '@lepton/contracts/order'
import { PaymentCaptured, PaymentRefunded } from '@lepton/contracts/payment'
import type { StreamRebuild } from '@lepton/contracts/windows'
import type { BrokerRecord } from '@lepton/events/broker'
import type { LagReader } from '@lepton/events/kafka/lag'
import { parseRecord } from '@lepton/events/subscription'
import type { LogFeed } from '../log-feed.ts'
import { createWindowCounts, type CountedEvent, type WindowCounts } from './count.ts'

const TOPICS = ['order.v1', 'payment.v1'] as const
/** Others only say how far their key is. */
const COUNTED = [OrderPlaced, OrderCancelled, OrderCompleted, OrderClosed, PaymentCaptured, PaymentRefunded]
const LOOK_MS = 500
const ALL_MINUTES = 1_440

export interface WindowReader extends Part {
  windows(): WindowCounts
  /** False until everything was read that was on the log at the start. */
  isCurrent(): boolean
  /** Counts from the first event again; what was counted before answers until that has read as far. */
  rebuild(): StreamRebuild
  rebuilt(): StreamRebuild | undefined
}

/** One reading of the log from its start. */
interface Reading {
  counts: WindowCounts
  hasReadAll(): Promise<boolean>
  stop(): Promise<void>
}

export function startWindowReader({
  feed,
  openFeed,
  ends,
  log,
}: {
  /** That of everything else which counts; just started. */
  feed: LogFeed
  /** Begins to read these topics once more, in a group of that number. */
  openFeed: (number: number, topics: readonly string[]) => LogFeed
  ends: Pick<LagReader, 'read'>
  log: Log
}): WindowReader {
  let rebuilds = 0
  let current = countFrom(feed, ends)
  let next: Reading | undefined
  let isCurrent = false
  let rebuild: StreamRebuild | undefined

  /** Its feed is its own: it ends with it. */
  function countAgain(): Reading {
    const own = openFeed(++rebuilds, TOPICS)
    const reading = countFrom(own, ends)
    return {
      ...reading,
      stop: async () => {
        await reading.stop()
        await own.stop()
      },
    }
  }

  async function look(): Promise<boolean> {
    if (!isCurrent) isCurrent = await current.hasReadAll()
    if (next !== undefined && (await next.hasReadAll())) await swap(next)
    return false
  }

  async function swap(done: Reading): Promise<void> {
    const before = current
    current = done
    next = undefined
    isCurrent = true
    rebuild = { ...rebuild!, ...compare(before.counts, done.counts, rebuild!.started_at) }
    await before.stop()
  }

  const timer = startTimer('windows', LOOK_MS, look, log)
  return {
    windows: () => current.counts,
    isCurrent: () => isCurrent,
    rebuild() {
      if (next !== undefined) return rebuild!
      next = countAgain()
      rebuild = {
        started_at: new Date().toISOString(),
        finished_at: null,
        counted: 0,
        windows: 0,
        differed: 0,
      }
      timer.wake()
      return rebuild
    },
    rebuilt: () => (rebuild && next ? { ...rebuild, counted: next.counts.tally().counted } : rebuild),
    stop: async () => {
      await timer.stop()
      await Promise.all([current.stop(), next?.stop()])
    },
  }
}

function compare(before: WindowCounts, after: WindowCounts, startedAt: string) {
  const nowMs = Date.now()
  const minutes = (counts: WindowCounts) =>
    counts
      .list('minute', nowMs, ALL_MINUTES)
      .filter(({ from }) => Date.parse(from) + 60_000 < Date.parse(startedAt))
  const [old, fresh] = [minutes(before), minutes(after)]
  const byFrom = new Map(fresh.map((window) => [window.from, window]))
  return {
    finished_at: new Date(nowMs).toISOString(),
    counted: after.tally().counted,
    windows: Math.max(old.length, fresh.length),
    differed: old.filter((window) => !isDeepStrictEqual(window, byFrom.get(window.from))).length,
  }
}

function countFrom(feed: LogFeed, ends: Pick<LagReader, 'read'>): Reading {
  const counts = createWindowCounts()
  let hasReadAll = false
  const leave = feed.add((topic, partition, record) => {
    const event = isCounted(topic) ? eventIn(topic, partition, record) : undefined
    if (event !== undefined) counts.add(event)
  })

  return {
    counts,
    async hasReadAll() {
      if (hasReadAll) return true
      // While the broker is away nothing is known of its end.
      const parts = await ends.read([{ group: feed.group, topics: TOPICS }]).catch(() => [])
      hasReadAll =
        parts.length > 0 &&
        parts.every(
          ({ topic, partition, end, committed }) =>
            Math.max(committed, feed.nextOffset(topic, partition)) >= end,
        )
      return hasReadAll
    },
    stop: () => {
      leave()
      return Promise.resolve()
    },
  }
}

const isCounted = (topic: string): boolean => (TOPICS as readonly string[]).includes(topic)

/** Undefined for what consumers could not read either: it counts for nothing. */
function eventIn(topic: string, partition: number, record: BrokerRecord): CountedEvent | undefined {
  const source = { topic, topicId: '', partition }
  const { event, fault } = parseRecord(record, source, { events: COUNTED }, Date.now())
  const atMs = Date.parse(record.headers['ce_time'] ?? '')
  if (event === undefined || fault !== undefined || Number.isNaN(atMs)) return undefined
  const { key, sequence, type } = event
  const { amount_minor = 0, reason = '' } = (event.data ?? {}) as Partial<CountedEvent>
  return { topic, partition, key, sequence, type, atMs, amount_minor, reason }
}
