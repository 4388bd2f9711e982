import { madeAtMs } from '@lepton/common/runtime/id'
import type { Tx } from './postgres/transaction.ts'
import { continueTrace, type Trace } from '@lepton/common/runtime/trace'
import type { BrokerRecord } from './broker.ts'
import { type EventType, type IncomingEvent, versionOf } from './event.ts'
import { Poison } from './poison.ts'

/** A topic, and the number that names it in a consuming service's inbox. */
export interface Topic {
  name: string
  number: number
  /** The only service that publishes on it: whose signature its events must have, where signatures are checked. */
  owner?: string
}

/**
 * How a service takes in the events of one topic, a chunk at a time: load what the chunk concerns,
 * decide in memory, store it all at once.
 */
export interface Subscription<State = unknown> {
  topic: Topic
  /** What `apply` understands. Other types only advance the position of their key. */
  events: readonly EventType[]
  /** Answers that tell the whole state: they may be applied over a gap. */
  snapshots?: readonly EventType[]
  /** Locks the head row of each event's key, creating it where it is missing, in key order; then whatever else is needed. */
  load(tx: Tx, events: readonly IncomingEvent[]): Promise<State>
  /** Sequence of the last event of a key that was applied; undefined where a key has only one event. */
  position(state: State, key: string): number | undefined
  advance(state: State, key: string, sequence: number): void
  /** Changes `state` in memory. Does no I/O, reads no clock, and has an answer for every event in every state. */
  apply(state: State, event: IncomingEvent): void
  /** Writes what changed, events to publish included. */
  store(tx: Tx, state: State): void | Promise<void>
}

/** Forgets the type of the state, which only the subscription knows. */
export function subscription<State>(definition: Subscription<State>): Subscription {
  return definition
}

/** Where a record was read. */
export interface RecordSource {
  topic: string
  topicId: string
  partition: number
}

export interface ParsedRecord {
  record: BrokerRecord
  source: RecordSource
  /** Undefined when the record cannot be read at all; `fault` says why. */
  event: IncomingEvent | undefined
  /** This consumer's place in the event's trace; undefined where it has none. */
  trace: Trace | undefined
  isHandled: boolean
  isSnapshot: boolean
  /** When the event was made, by its id (ms). */
  madeAtMs: number
  fault?: Poison
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const MAX_AHEAD_MS = 7 * 86_400_000

/** Reads one record. Never throws: what cannot be read carries its fault. */
export function parseRecord(
  record: BrokerRecord,
  source: RecordSource,
  subscription: Pick<Subscription, 'events' | 'snapshots'>,
  nowMs: number,
): ParsedRecord {
  const {
    ce_id: id = '',
    ce_type: type = '',
    ce_sequence: sequence = '',
    ce_causationid: causation = '',
    traceparent,
    tracestate,
  } = record.headers
  const trace = traceparent === undefined ? undefined : continueTrace({ traceparent, tracestate })
  const { topic } = source
  const base = { record, source, trace, isHandled: false, isSnapshot: false, madeAtMs: 0, event: undefined }
  if (!uuidV7.test(id)) return { ...base, fault: new Poison(`ce_id "${id}" is not a UUIDv7`) }
  const bornAtMs = madeAtMs(id)
  if (bornAtMs > nowMs + MAX_AHEAD_MS)
    return { ...base, fault: new Poison(`ce_id "${id}" is from the future`) }
  if (!/^[1-9]\d{0,8}$/.test(sequence))
    return { ...base, fault: new Poison(`ce_sequence "${sequence}" is not a position`) }

  const handled = subscription.events.find((known) => known.type === type)
  const event = {
    event_id: id,
    type,
    topic,
    key: record.key,
    sequence: Number(sequence),
    data: undefined as unknown,
    traceparent: trace?.traceparent,
    tracestate: trace?.tracestate,
    causation_id: uuidV7.test(causation) ? causation : undefined,
  }
  if (handled === undefined) {
    const { name, version } = versionOf(type)
    const isOtherVersion = subscription.events.some((known) => versionOf(known.type).name === name)
    return {
      ...base,
      event,
      madeAtMs: bornAtMs,
      ...(isOtherVersion && { fault: new Poison(`version ${version} of ${name} is not known here`) }),
    }
  }
  try {
    event.data = handled.data.parse(JSON.parse(record.value?.toString() ?? ''))
  } catch (error) {
    return {
      ...base,
      event,
      madeAtMs: bornAtMs,
      fault: new Poison(`${type} cannot be read`, { cause: error }),
    }
  }
  const isSnapshot = subscription.snapshots?.includes(handled) === true
  return { record, source, trace, event, madeAtMs: bornAtMs, isHandled: true, isSnapshot }
}
