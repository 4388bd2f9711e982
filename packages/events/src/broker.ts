import type { Progress } from './supervise.ts'

/** One record to be appended. Records of one key are appended in the order they are given. */
export interface OutgoingRecord {
  topic: string
  key: string
  value: string
  headers: Record<string, string>
}

export interface BrokerRecord {
  offset: string
  key: string
  value: Buffer | null
  headers: Record<string, string>
  /** Milliseconds since 1970, as the producer or the broker set it. */
  timestampMs: number
}

/** Records of one partition in offset order. */
export interface Delivery {
  topic: string
  /** Names this incarnation of the log: offsets start again when a log is wiped. */
  topicId: string
  partition: number
  records: BrokerRecord[]
  /** Records behind these that are on the log already. */
  lag: number
  /** False once the partition was given to another member: stop, the rest is its work. */
  isCurrent(): boolean
  /** Everything up to and including this offset is done and will not come again. */
  done(offset: string): Promise<void>
  /** Stops this partition for a while; what is not done comes again afterwards. */
  pauseFor(ms: number): void
}

export interface SubscribeOptions {
  group: string
  topics: readonly string[]
  /** Deliveries that are worked on at the same time, each of another partition. */
  concurrency: number
  /** The next records are fetched so long (ms) after these, together, where that saves requests: for one who need not know at once. */
  gatherMs?: number
  onDelivery: (delivery: Delivery) => Promise<void>
}

export interface Subscriber {
  progress(): Progress
  /** Waits for deliveries at work, then leaves the group. */
  stop(): Promise<void>
}

/**
 * A log of records in partitions, at least once, in order per key. What Lepton needs of Kafka, and
 * what the tests' stand-in must do too: one conformance suite runs against both.
 */
export interface Broker {
  /** Resolves when every record is on the log as durably as the broker is set up for. */
  send(records: readonly OutgoingRecord[]): Promise<void>
  /** Returns at once and connects in the background for as long as it takes. */
  subscribe(options: SubscribeOptions): Subscriber
  /** Asks the broker for a sign of life, on a connection of its own. */
  probe(): Promise<void>
  close(): Promise<void>
}
