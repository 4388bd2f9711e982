import type { Station } from '@lepton/contracts/streams'
import { predict } from './erlang.ts'

/** What one consumer of a topic did lately, over all its instances. */
export interface Work {
  service: string
  topic: string
  /** Null where neither the broker nor an instance says so. */
  arrivalsPerS: number | null
  recordsPerS: number
  transactionsPerS: number
  /** Seconds of work in a second: two servers that never rest are 2. */
  busy: number
  /** How long records took from the log to their effect, in seconds a second. */
  ageS: number
  /** Instances that read the topic. */
  servers: number
  backlog: number | null
  /** Over the window, on average. */
  length: number | null
  /** The most records a second that one server has handled since this process began. */
  bestPerServer: number
  /** What a record takes from the log to the reader, where that is known. */
  transportMs: number | null
}

/** Over the window; with fewer, a mean is a matter of chance. */
const LEAST_PER_S = 0.2
/** From so many records in a transaction on, they do not wait for one another as customers do. */
const BATCH = 1.5

/**
 * The station as M/M/c. Its customers are transactions, since a server takes all that waits at once: λ and μ are those
 * of records, divided by how many go together. With one record each it is the textbook's queue.
 */
export function stationOf(work: Work): Station {
  const { service, topic, recordsPerS, transactionsPerS, busy, servers, backlog, length } = work
  const arrivals = work.arrivalsPerS ?? recordsPerS
  const isSeen = transactionsPerS > 0 && busy > 0
  const batch = isSeen ? recordsPerS / transactionsPerS : null
  const handled = isSeen ? recordsPerS / busy : null
  const utilisation = handled === null || servers === 0 ? null : arrivals / (servers * handled)
  const prediction =
    batch === null || handled === null
      ? undefined
      : predict({ arrivalsPerS: arrivals / batch, servedPerS: handled / batch, servers })
  const time_ms = recordsPerS > 0 ? (work.ageS / recordsPerS) * 1_000 : null
  const predictedMs = prediction === undefined ? null : prediction.time_s * 1_000 + (work.transportMs ?? 0)
  return {
    service,
    topic,
    arrivals_per_s: arrivals,
    handled_per_s: handled,
    best_per_s: work.bestPerServer === 0 ? null : work.bestPerServer,
    servers,
    utilisation,
    batch,
    transport_ms: work.transportMs,
    predicted: {
      wait_ms: prediction === undefined ? null : prediction.wait_s * 1_000,
      time_ms: predictedMs,
      length: predictedMs === null ? null : (arrivals * predictedMs) / 1_000,
    },
    measured: { time_ms, length },
    error_share: predictedMs === null || time_ms === null || time_ms === 0 ? null : predictedMs / time_ms - 1,
    backlog,
    drain_s: drainS(work, arrivals),
    ends: endOf(work, arrivals, utilisation, batch),
  }
}

/** backlog/(cμ−λ); null where as much arrives as can be handled. */
function drainS({ backlog, servers, bestPerServer }: Work, arrivals: number): number | null {
  if (backlog === null) return null
  if (backlog === 0) return 0
  const room = servers * bestPerServer - arrivals
  return room <= 0 ? null : backlog / room
}

function endOf(
  { recordsPerS, servers }: Work,
  arrivals: number,
  utilisation: number | null,
  batch: number | null,
): Station['ends'] {
  if (servers === 0) return 'no_data'
  if (utilisation === null || batch === null || Math.min(arrivals, recordsPerS) < LEAST_PER_S)
    return 'too_few'
  if (utilisation >= 1) return 'saturated'
  return batch > BATCH ? 'batches' : null
}

/** Below it, hardly a record waits for another. */
const AT_REST = 0.1
const LEAST_AT_REST_PER_S = 1

/**
 * What is left of the measured time when a consumer is at rest, less its work: the way from the log. The least of what was
 * seen, since all else that comes to it is waiting.
 */
export function transportMsOf({
  servers,
  busy,
  recordsPerS,
  transactionsPerS,
  ageS,
  transportMs,
}: Work): number | null {
  const isAtRest = servers > 0 && busy / servers < AT_REST && recordsPerS >= LEAST_AT_REST_PER_S
  if (!isAtRest || transactionsPerS === 0) return transportMs
  const left = Math.max(0, (ageS / recordsPerS - busy / transactionsPerS) * 1_000)
  return Math.min(left, transportMs ?? Infinity)
}
