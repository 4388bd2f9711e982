import type { Flow, FlowRow } from '@lepton/contracts/figures'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'

/** What is older is history and moves nothing. */
const RECENT_MS = 10_000
const MAX_ROWS = 60
const MAX_ORDERS = 10_000
/** Beyond so many orders a second only a part of them is shown, each of them whole. */
const SHOWN_PER_S = 20

export interface FlowEvent {
  topic: string
  type: string
  /** The order, also where the key of the event is another. */
  order_id: string
  source: string
  atMs: number
  hasCause: boolean
  /** How long the card processor was asked. */
  processor_ms: number | undefined
}

export interface FlowLog {
  add(event: FlowEvent, nowMs: number, acceptedPerS: number): void
  /** What came since the last call, at most 60 rows. */
  take(): Flow
}

const CONSUMERS = new Map<string, string[]>()
for (const [service, topics] of Object.entries(SUBSCRIPTIONS))
  for (const topic of topics) CONSUMERS.set(topic, [...(CONSUMERS.get(topic) ?? []), service])

/** The steps of orders as points that move, without any id: each order is a number of this process. */
export function createFlow(): FlowLog {
  const numbers = new Map<string, number>()
  let count = 0
  let share = 1
  let rows: FlowRow[] = []

  function numberOf(orderId: string): number {
    const known = numbers.get(orderId)
    if (known !== undefined) return known
    if (numbers.size >= MAX_ORDERS) numbers.delete(numbers.keys().next().value!)
    count += 1
    numbers.set(orderId, count)
    return count
  }

  return {
    add({ topic, type, order_id, source, atMs, hasCause, processor_ms }, nowMs, acceptedPerS) {
      if (nowMs - atMs > RECENT_MS) return
      share = Math.min(1, SHOWN_PER_S / Math.max(1, acceptedPerS))
      if (!isShown(order_id, share)) return
      const order = numberOf(order_id)
      const ms = Math.max(0, Math.round(nowMs - atMs))
      if (!hasCause && (type === 'order.placed.v1' || topic === 'cart.v1'))
        rows.push([order, 'gateway', source, 'request', 0])
      if (processor_ms !== undefined) rows.push([order, source, 'psp', 'request', Math.round(processor_ms)])
      for (const consumer of CONSUMERS.get(topic) ?? []) rows.push([order, source, consumer, 'event', ms])
      rows = rows.slice(-MAX_ROWS)
    },
    take() {
      const taken = { share, rows }
      rows = []
      return taken
    },
  }
}

/** By the order's id: all steps of an order are shown, or none. */
function isShown(orderId: string, share: number): boolean {
  return share === 1 || Number.parseInt(orderId.slice(0, 8), 16) / 0xffffffff < share
}
