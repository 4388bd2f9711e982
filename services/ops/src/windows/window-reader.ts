import { isDeepStrictEqual } from 'node:util'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import { startTimer } from '@lepton/common/runtime/timer'
import type { StreamRebuild } from '@lepton/contracts/windows'
import type { Broker, BrokerRecord, Delivery } from '@lepton/events/broker'
import type { LagReader } from '@lepton/events/kafka/lag'
import type { EventVerifier } from '@lepton/events/signatures/verifier'
import { createWindowCounts, type CountedEvent, type WindowCounts } from './count.ts'

const TOPICS = ['order.v1', 'payment.v1'] as const
const CONCURRENCY = 4
/** The shortest window is a minute. */
const GATHER_MS = 1_000
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

/** One reading of the log from its start, in a group of its own. */
interface Reading {
  counts: WindowCounts
  hasReadAll(): Promise<boolean>
  stop(): Promise<void>
}

export function startWindowReader({
  broker,
  verifier,
  ends,
  group,
  log,
}: {
  broker: Broker
  /** What it distrusts counts for nothing. */
  verifier?: EventVerifier | undefined
  ends: Pick<LagReader, 'read'>
  /** Unlike that of any other process: each counts the whole log. */
  group: string
  log: Log
}): WindowReader {
  let readings = 0
  let current = startReading()
  let next: Reading | undefined
  let isCurrent = false
  let rebuild: StreamRebuild | undefined

  function startReading(): Reading {
    const name = `${group}-${++readings}`
    log.info({ group: name }, 'counting windows from the start of the log')
    return readFromStart({ broker, verifier }, ends, name)
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
      next = startReading()
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

function readFromStart(
  { broker, verifier }: { broker: Broker; verifier: EventVerifier | undefined },
  ends: Pick<LagReader, 'read'>,
  group: string,
): Reading {
  const counts = createWindowCounts()
  const read = new Map<string, number>()
  let hasReadAll = false

  async function onDelivery({ topic, partition, records, done }: Delivery): Promise<void> {
    for (const record of records) {
      if (verifier?.distrust(topic, record) !== undefined) continue
      const event = eventIn(topic, partition, record)
      if (event !== undefined) counts.add(event)
    }
    const last = records.at(-1)
    if (last === undefined) return
    read.set(`${topic} ${partition}`, Number(last.offset) + 1)
    await done(last.offset)
  }

  const subscriber = broker.subscribe({
    group,
    topics: TOPICS,
    concurrency: CONCURRENCY,
    gatherMs: GATHER_MS,
    onDelivery,
  })
  return {
    counts,
    async hasReadAll() {
      if (hasReadAll) return true
      // While the broker is away nothing is known of its end.
      const parts = await ends.read([{ group, topics: TOPICS }]).catch(() => [])
      hasReadAll =
        parts.length > 0 &&
        parts.every(
          ({ topic, partition, end, committed }) =>
            Math.max(committed, read.get(`${topic} ${partition}`) ?? 0) >= end,
        )
      return hasReadAll
    },
    stop: () => subscriber.stop(),
  }
}

/** Undefined for what no service of the shop has written: it counts for nothing. */
function eventIn(
  topic: string,
  partition: number,
  { key, headers, value }: BrokerRecord,
): CountedEvent | undefined {
  const [type = '', sequence, atMs] = [
    headers['ce_type'],
    Number(headers['ce_sequence']),
    Date.parse(headers['ce_time'] ?? ''),
  ]
  if (!Number.isInteger(sequence) || Number.isNaN(atMs) || value === null) return undefined
  try {
    const { amount_minor = 0, reason = '' } = JSON.parse(value.toString()) as Partial<CountedEvent>
    return { topic, partition, key, sequence, type, atMs, amount_minor, reason }
  } catch {
    return undefined
  }
}
