import type { OutgoingRecord } from '@lepton/events/broker'
import { newId } from '@lepton/common/runtime/id'
import type { EventType } from '@lepton/events/event'
import { amountOf, type Line, type Mode } from '@lepton/contracts/fields'
import type { AppendedRecord } from './broker.ts'

export interface EventOptions {
  eventId?: string
  headers?: Record<string, string>
}

/** An event as its owner's relay would send it. */
export function eventRecord<T>(
  type: EventType<T>,
  key: string,
  sequence: number,
  data: T,
  { eventId = newId(), headers = {} }: EventOptions = {},
): OutgoingRecord {
  return {
    topic: type.topic,
    key,
    value: JSON.stringify(data),
    headers: {
      ce_specversion: '1.0',
      ce_id: eventId,
      ce_type: type.type,
      ce_source: '/testing/testing-1',
      ce_time: new Date().toISOString(),
      ce_subject: key,
      ce_sequence: String(sequence),
      ce_correlationid: key,
      'content-type': 'application/json',
      ...headers,
    },
  }
}

export interface PublishedEvent {
  type: string
  key: string
  sequence: number
  data: Record<string, unknown>
  headers: Record<string, string>
}

/** What was published about a key, in order, repeats of the relay left out. */
export function eventsOf(records: readonly AppendedRecord[], key?: string): PublishedEvent[] {
  const seen = new Set<string>()
  return records.flatMap(({ headers, value, key: of }) => {
    const { ce_id: id = '', ce_type: type = '', ce_sequence: sequence = '' } = headers
    if (seen.has(id) || (key !== undefined && of !== key)) return []
    seen.add(id)
    const data = JSON.parse(value) as Record<string, unknown>
    return [{ type, key: of, sequence: Number(sequence), data, headers }]
  })
}

export function line(item_id = 'espresso-beans', quantity = 1, unit_price_minor = 1_000): Line {
  return { item_id, name: `The ${item_id}`, quantity, unit_price_minor }
}

/** What `order.placed.v1` holds, for an order of these lines, or of one that costs the amount. */
export function placement(
  order_id: string,
  { amount_minor: amount, lines = [line('espresso-beans', 1, amount)], ...rest }: Partial<Placement> = {},
): Placement {
  return {
    order_id,
    customer_id: newId(),
    mode: 'saga',
    lines,
    amount_minor: amountOf(lines),
    currency: 'EUR',
    payment_token: 'tok_approved',
    deadline: new Date(Date.now() + 120_000).toISOString(),
    ...rest,
  }
}

interface Placement {
  order_id: string
  customer_id: string
  mode: Mode
  lines: Line[]
  amount_minor: number
  currency: 'EUR'
  payment_token: string | null
  deadline: string
}

let keys = 0

/** An Idempotency-Key that nothing else uses. */
export function freshKey(): string {
  return `test-key-${process.pid}-${(++keys).toString().padStart(8, '0')}`
}
