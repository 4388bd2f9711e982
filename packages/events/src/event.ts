/** One version of one kind of event. */
export interface EventType<T = unknown> {
  /** Its name, and its version last: `order.placed.v1`. */
  type: string
  topic: string
  data: { parse(value: unknown): T }
}

/** `order.placed.v1` → `order.placed` and 1; version 0 where the type names none. */
export function versionOf(type: string): { name: string; version: number } {
  const match = /^(.+)\.v(\d+)$/.exec(type)
  return match === null ? { name: type, version: 0 } : { name: match[1]!, version: Number(match[2]) }
}

/** An event as a handler gets it: parsed and checked against its schema. */
export interface IncomingEvent<T = unknown> {
  event_id: string
  type: string
  topic: string
  key: string
  /** Position among the events of its key, from 1, without gaps. */
  sequence: number
  data: T
  /** The W3C trace it belongs to: this consumer's own place in it. */
  traceparent: string | undefined
  tracestate?: string | undefined
  /** Of the event that caused this one: it was read from the log, so it is there. */
  causation_id?: string | undefined
}

/**
 * What an event comes of: an earlier event, or a request, whose trace it goes on with. Undefined where it is the
 * request that this process works on right now.
 */
export interface Cause {
  event_id?: string | null | undefined
  traceparent?: string | null | undefined
  tracestate?: string | null | undefined
}

export interface OutgoingEvent<T = unknown> {
  type: Pick<EventType<T>, 'type'> & { topic: string }
  key: string
  sequence: number
  data: T
  cause: Cause | undefined
  /** What the event is about, where that is not its key: `ce_correlationid`. */
  correlationId?: string
  /** Beside the usual headers. */
  headers?: Readonly<Record<string, string>>
}

/** Whether an event is of this type, with its data typed so. */
export function isEvent<T>(event: IncomingEvent, type: EventType<T>): event is IncomingEvent<T> {
  return event.type === type.type
}
