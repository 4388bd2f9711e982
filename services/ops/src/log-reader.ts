import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import type { Broker, BrokerRecord, Delivery } from '@lepton/events/broker'
import type { EventVerifier } from '@lepton/events/signatures/verifier'
import type { OrderFigures } from '@lepton/contracts/figures'
import { TOPICS } from '@lepton/contracts/topics'
import { createFlow, type FlowLog } from './flow.ts'
import { createOrderPaths, type OrderPaths } from './queues/order-paths.ts'
import { createOrderTally, UNKNOWN_ORDERS } from './order-tally.ts'

/** Without a fetch for so long, Kafka is away and what it holds is not known. */
const SILENT_MS = 15_000
const CONCURRENCY = 4
/** A console is watched by people: they see an event this much later. */
const GATHER_MS = 500
/** The way of orders is that of the last minutes: what is older is not kept. */
const PATHS_MS = 600_000

export interface LogReader extends Part {
  /** All of them null until the log was read to its end once, and while Kafka is away. */
  orders(): OrderFigures
  flow: FlowLog
  paths: OrderPaths
}

/**
 * Reads the shop's events from the log's start, in a group of its own: the figures can be rebuilt at any time. What no
 * service of the shop has signed counts for nothing.
 */
export function startLogReader(
  { broker, verifier }: { broker: Broker; verifier?: EventVerifier | undefined },
  boot: string,
  log: Log,
): LogReader {
  const tally = createOrderTally()
  const flow = createFlow()
  const paths = createOrderPaths()
  const lags = new Map<string, number>()
  let hasCaughtUp = false

  function take(topic: string, record: BrokerRecord): void {
    const {
      ce_id,
      ce_type = '',
      ce_source = '',
      ce_time = '',
      ce_correlationid,
      ce_causationid,
    } = record.headers
    const atMs = Date.parse(ce_time)
    if (ce_id === undefined || Number.isNaN(atMs)) return
    const { amount_minor, processor_ms } = figuresIn(ce_type, record)
    tally.add({ event_id: ce_id, type: ce_type, key: record.key, atMs, amount_minor })
    const nowMs = Date.now()
    const event = {
      topic,
      type: ce_type,
      order_id: ce_correlationid ?? record.key,
      source: ce_source.split('/')[1] ?? '',
      atMs,
      hasCause: ce_causationid !== undefined,
      processor_ms,
    }
    flow.add(event, nowMs, tally.acceptedPerS(nowMs))
    if (nowMs - atMs < PATHS_MS) paths.add({ ...event, event_id: ce_id, caused_by: ce_causationid })
  }

  async function onDelivery({ topic, partition, records, lag, done }: Delivery): Promise<void> {
    for (const record of records) {
      if (verifier?.distrust(topic, record) === undefined) take(topic, record)
    }
    lags.set(`${topic} ${partition}`, lag)
    const last = records.at(-1)
    if (last !== undefined) await done(last.offset)
  }

  const subscriber = broker.subscribe({
    group: `ops-${boot}`,
    topics: Object.keys(TOPICS),
    concurrency: CONCURRENCY,
    gatherMs: GATHER_MS,
    onDelivery,
  })
  log.info({ group: `ops-${boot}` }, 'reading the log from its start')

  return {
    flow,
    paths,
    orders() {
      const { isAssigned, fetchedAtMs } = subscriber.progress()
      if (!isAssigned || performance.now() - fetchedAtMs > SILENT_MS) return UNKNOWN_ORDERS
      hasCaughtUp ||= [...lags.values()].every((lag) => lag === 0)
      return hasCaughtUp ? tally.figures(Date.now()) : UNKNOWN_ORDERS
    },
    stop: () => subscriber.stop(),
  }
}

/** Only events about money are read: the others' headers say all that is counted. */
function figuresIn(type: string, { value }: BrokerRecord): { amount_minor?: number; processor_ms?: number } {
  if (!type.startsWith('payment.') || value === null) return {}
  try {
    return JSON.parse(value.toString()) as { amount_minor?: number; processor_ms?: number }
  } catch {
    return {}
  }
}
