import { createRequire } from 'node:module'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import type { KafkaAccess } from './settings.ts'

export interface KafkaSettings extends KafkaAccess {
  clientId: string
  connectionTimeoutMs?: number
  requestTimeoutMs?: number
  sessionTimeoutMs?: number
  heartbeatIntervalMs?: number
  rebalanceTimeoutMs?: number
  maxWaitMs?: number
  /** A consumer that is silent for this long, while the broker answers others, is recreated. */
  silenceMs?: number
  /** How often a request is tried again; and a connection, whatever kafkajs's clients are configured with. */
  retries?: number
  /** Offsets of finished work are committed together, at most this much later. */
  commitEveryMs?: number
  /** Gets each request to Kafka that was answered, by the name that its protocol has for it. */
  onRequest?: (api: string) => void
}

/**
 * Long enough for a broker's restart: a client that gives up sooner joins its group again, and the group
 * then waits for the session of the member it was.
 */
export const RETRY = { initialRetryTime: 100, maxRetryTime: 500, retries: 60 }

interface RequestQueue {
  pending: unknown[]
  throttledUntil: number
}

const require = createRequire(import.meta.url)

/** A class of kafkajs's insides, of the one version that the patches are for. */
function internal<Prototype>(path: string): { prototype: Prototype & { isPatched?: boolean } } {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== '2.2.4') throw new Error(`the patches are for kafkajs 2.2.4, not ${version}`)
  return require(`kafkajs/src/${path}`) as { prototype: Prototype & { isPatched?: boolean } }
}

/**
 * kafkajs 2.2.4 wakes up some 900 times a second per idle connection: it schedules the next look at
 * its request queue with a negative delay even when nothing is pending (kafkajs issues 1556, 1751).
 * With the patch it looks again only when something waits or the broker throttles.
 */
export function patchIdleLoop(): void {
  const { prototype } = internal<{ scheduleCheckPendingRequests(this: RequestQueue): void }>(
    'network/requestQueue',
  )
  if (prototype.isPatched === true) return
  const original = prototype.scheduleCheckPendingRequests
  prototype.isPatched = true
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

interface BrokerPool {
  brokers: Record<string, { connectionPool: { host: string; port: number } }>
  metadataExpireAt: number | null
  removeBroker(this: BrokerPool, address: { host: string; port: number }): void
}

/**
 * kafkajs 2.2.4 forgets a broker that closed a connection, and does not ask the addresses it was given before its
 * next look at the brokers it knows: with the last one gone a consumer crashes at once, and the group waits for the
 * session of the member it was. With the patch the last one stays and is connected to again, and its metadata is marked stale.
 */
export function patchLastBroker(): void {
  const { prototype } = internal<BrokerPool>('cluster/brokerPool')
  if (prototype.isPatched === true) return
  const original = prototype.removeBroker
  prototype.isPatched = true
  prototype.removeBroker = function (this: BrokerPool, address) {
    if (Object.keys(this.brokers).length > 1) original.call(this, address)
    else this.metadataExpireAt = null
  }
}

interface Broker {
  connect(this: Broker): Promise<void>
  disconnect(this: Broker): Promise<void>
}

/**
 * kafkajs 2.2.4 opens a connection and then asks for the versions of the protocol. Where that is not answered, as by a
 * broker that is stopped, the connection stays: every later `connect` finds it and returns, and every request fails with
 * "Broker not connected" until the process ends. With the patch a connection that was not begun whole is closed.
 */
export function patchHalfConnected(): void {
  const { prototype } = internal<Broker>('broker')
  if (prototype.isPatched === true) return
  const original = prototype.connect
  prototype.isPatched = true
  prototype.connect = async function (this: Broker) {
    try {
      await original.call(this)
    } catch (error) {
      await this.disconnect().catch(() => undefined)
      throw error
    }
  }
}

interface Connection {
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(this: Connection): Promise<unknown>
}

const LENGTH_BYTES = 4

/**
 * kafkajs 2.2.4 keeps the first part of an answer whose connection ended in the middle of it, and reads the next connection
 * from there: lengths are then read where there are none, and a RangeError in its socket's handler ends the process.
 * With the patch a connection begins with nothing.
 */
export function patchLeftovers(): void {
  const { prototype } = internal<Connection>('network/connection')
  if (prototype.isPatched === true) return
  const original = prototype.connect
  prototype.isPatched = true
  prototype.connect = function (this: Connection) {
    if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: LENGTH_BYTES })
    return original.call(this)
  }
}

export function createKafka(settings: KafkaSettings, log: Log): Kafka {
  patchIdleLoop()
  patchLastBroker()
  patchHalfConnected()
  patchLeftovers()
  return new Kafka({
    brokers: settings.brokers,
    ...(settings.sasl && { sasl: saslOf(settings.sasl) }),
    ...(settings.tls && { ssl: settings.tls.ca === undefined ? true : { ca: [settings.tls.ca] } }),
    clientId: settings.clientId,
    connectionTimeout: settings.connectionTimeoutMs ?? 2_000,
    requestTimeout: settings.requestTimeoutMs ?? 5_000,
    retry: { ...RETRY, ...(settings.retries !== undefined && { retries: settings.retries }) },
    logLevel: logLevel.WARN,
    // Its ERROR is not ours: everything below is retried, so no line of it needs action.
    logCreator:
      () =>
      ({ log: entry }) => {
        const { message, error } = entry
        log.warn({ kafkajs: error }, message)
      },
  })
}

/** kafkajs's type has a member for each mechanism, and takes no union of them. */
function saslOf({ mechanism, ...user }: NonNullable<KafkaAccess['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, ...user }
    case 'scram-sha-256':
      return { mechanism, ...user }
    case 'scram-sha-512':
      return { mechanism, ...user }
  }
}

/**
 * The id of the cluster, asked on a connection of its own. It stands for the id of a topic: kafkajs speaks no
 * metadata version that tells those, and a log is only ever wiped with its cluster.
 */
export async function clusterIdOf(kafka: Kafka): Promise<string> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).clusterId
  } finally {
    await admin.disconnect()
  }
}

/** Whether the broker answers now: asked once, and an error where it does not. */
export function createProbe(settings: KafkaSettings, log: Log): () => Promise<void> {
  const kafka = createKafka({ ...settings, retries: 0 }, log)
  return async () => {
    await clusterIdOf(kafka)
  }
}
