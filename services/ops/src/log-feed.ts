import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import { pause } from '@lepton/common/runtime/wait'
import { TOPICS } from '@lepton/contracts/topics'
import type { Broker, BrokerRecord, Delivery } from '@lepton/events/broker'
import type { EventVerifier } from '@lepton/events/signatures/verifier'

/** Without a fetch for so long, Kafka is away and what it holds is not known. */
const SILENT_MS = 15_000
/** A console is watched by people: they see an event this much later. */
const GATHER_MS = 500

/** Those who sell go first: for each millisecond in which a core was missing, it leaves the cores to them for so many. */
const REST_FOR_WAIT = 10
/** At the end of one delivery, so that the group hears of it in between. */
const MAX_REST_MS = 500

export type Take = (topic: string, partition: number, record: BrokerRecord) => void

export interface LogFeed extends Part {
  readonly group: string
  /** `take` gets each record that is read from now on: all of them, where it is added at once. Gives what ends that. */
  add(take: Take): () => void
  /** The offset at which a partition is read on. */
  nextOffset(topic: string, partition: number): number
  /** Whether what was read was the end of the log. */
  isAtEnd(): boolean
  isAway(): boolean
}

/**
 * Reads the shop's events from the log's start, in a group of its own, for all who count them: each is fetched and
 * verified once. What no service of the shop has signed counts for nothing.
 */
export function startLogFeed(
  { broker, verifier }: { broker: Broker; verifier?: EventVerifier | undefined },
  group: string,
  log: Log,
  topics: readonly string[] = Object.keys(TOPICS),
): LogFeed {
  const takers = new Set<Take>()
  const stopping = new AbortController()
  const waited = watchWaits()
  const places = new Map<string, { next: number; lag: number }>()

  async function onDelivery({ topic, partition, records, lag, done }: Delivery): Promise<void> {
    for (const record of records) {
      if (verifier?.distrust(topic, record) !== undefined) continue
      for (const take of takers) take(topic, partition, record)
    }
    const last = records.at(-1)
    if (last === undefined) return
    places.set(`${topic} ${partition}`, { next: Number(last.offset) + 1, lag })
    const restMs = restAfter(waited())
    if (restMs >= 1) await pause(restMs, stopping.signal)
    await done(last.offset)
  }

  const subscriber = broker.subscribe({
    group,
    topics,
    // Side by side, partitions would not rest together, and it is one thread that reads them.
    concurrency: 1,
    gatherMs: GATHER_MS,
    onDelivery,
  })
  log.info({ group }, 'reading the log from its start')

  return {
    group,
    add(take) {
      takers.add(take)
      return () => takers.delete(take)
    },
    nextOffset: (topic, partition) => places.get(`${topic} ${partition}`)?.next ?? 0,
    isAtEnd: () => [...places.values()].every(({ lag }) => lag === 0),
    isAway() {
      const { isAssigned, fetchedAtMs } = subscriber.progress()
      return !isAssigned || performance.now() - fetchedAtMs > SILENT_MS
    },
    stop: () => {
      stopping.abort()
      return subscriber.stop()
    },
  }
}

interface Took {
  /** In which this thread had something to do, and in which it did it. */
  activeMs: number
  cpuMs: number
}

/** What this thread has done since it was asked last. */
function watchWaits(): () => Took {
  let loop = performance.eventLoopUtilization()
  let cpu = process.threadCpuUsage()
  return () => {
    const [loopBefore, cpuBefore] = [loop, cpu]
    loop = performance.eventLoopUtilization()
    cpu = process.threadCpuUsage()
    const cpuUs = cpu.user + cpu.system - cpuBefore.user - cpuBefore.system
    return { activeMs: loop.active - loopBefore.active, cpuMs: cpuUs / 1_000 }
  }
}

/** How long (ms) to leave the cores to others: not at all where none was missing. */
export function restAfter({ activeMs, cpuMs }: Took): number {
  return Math.min(MAX_REST_MS, Math.max(0, activeMs - cpuMs) * REST_FOR_WAIT)
}
