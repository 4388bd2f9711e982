import type { BrokerRecord } from '@lepton/events/broker'
import type { OrderFigures } from '@lepton/contracts/figures'
import { createFlow, type FlowLog } from './flow.ts'
import type { LogFeed } from './log-feed.ts'
import { createOrderPaths, type OrderPaths } from './queues/order-paths.ts'
import { createOrderTally, UNKNOWN_ORDERS } from './order-tally.ts'

/** The way of orders is that of the last minutes: what is older is not kept. */
const PATHS_MS = 600_000

export interface LogReader {
  /** All of them null until the log was read to its end once, and while Kafka is away. */
  orders(): OrderFigures
  flow: FlowLog
  paths: OrderPaths
}

/** Counts the shop's events from the log's start: the figures can be made again at any time. */
export function createLogReader(feed: LogFeed): LogReader {
  const tally = createOrderTally()
  const flow = createFlow()
  const paths = createOrderPaths()
  let hasCaughtUp = false

  function take(topic: string, _partition: number, record: BrokerRecord): void {
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

  feed.add(take)
  return {
    flow,
    paths,
    orders() {
      if (feed.isAway()) return UNKNOWN_ORDERS
      hasCaughtUp ||= feed.isAtEnd()
      return hasCaughtUp ? tally.figures(Date.now()) : UNKNOWN_ORDERS
    },
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
