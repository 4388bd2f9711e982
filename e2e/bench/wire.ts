import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { OutgoingRecord } from '@lepton/events/broker'
import { type ArchivedEvent, recordOf } from '@lepton/events/outbox'
import { createDatabase } from '@lepton/events/postgres/database'
import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { Shop } from '@lepton/local/shop-types'
import { DATABASE_OWNERS, type DatabaseOwner } from '@lepton/setup/services'
import { silentLog } from '@lepton/testing/log'
import type { ShopClient } from '@lepton/testing/shop-client'
import { signAsOwners } from '@lepton/testing/sign-events'
import { measureLatency } from './orders.ts'

const ORDERS = 200
const IDLE_MS = 5_000
/** Of a record batch, before its records (Kafka protocol, record batch v2). */
const BATCH_HEADER_BYTES = 61
/** Length, attributes, time, offset and count of headers of a record: each a varint of a byte or two. */
const RECORD_BYTES = 7
/** The lengths before a header's name and value. */
const HEADER_BYTES = 2
/** The lengths before key and value. */
const FIELD_BYTES = 3

export interface WireFigures {
  /** Events of one order, each once. */
  events: number
  jsonBytes: number
  recordBytes: number
  gzip: { alone: number; together: number }
  zstd: { alone: number; together: number }
  /** On Kafka's disk and in PostgreSQL's write-ahead log, an order. */
  kafka: { measured: number; predicted: number }
  walBytes: number
  /** Through the loopback interface, an order, idle traffic taken off; and what of it are records on their way through Kafka. */
  loopback: { measured: number; records: number }
}

/** What an order puts on the wire and on disk; one shopper, so that nearly every record is a batch of its own. */
export async function measureWire(shop: Shop, client: ShopClient): Promise<WireFigures> {
  await measureLatency(client, 50)
  const idleStart = loopbackBytes()
  await delay(IDLE_MS)
  const idlePerMs = (loopbackBytes() - idleStart) / IDLE_MS

  const [startedAt, wire, disk, wal] = [
    Date.now(),
    loopbackBytes(),
    kafkaBytes(shop),
    await walPosition(shop),
  ]
  await measureLatency(client, ORDERS)
  const [tookMs, wireAfter, walAfter] = [Date.now() - startedAt, loopbackBytes(), await walPosition(shop)]
  // Consumers of the last order may still read; its records are on the log.
  const diskAfter = kafkaBytes(shop)

  const since = new Date(startedAt).toISOString()
  const records = (await Promise.all(DATABASE_OWNERS.map((owner) => recordsOf(shop, owner, since)))).flat()
  const perOrder = (of: (record: OutgoingRecord) => number) => sum(records, of) / ORDERS
  const alone = (compress: (data: Buffer) => Buffer) => perOrder((record) => compress(bodyOf(record)).length)
  const together = (compress: (data: Buffer) => Buffer) =>
    compress(Buffer.concat(records.map(bodyOf))).length / ORDERS
  return {
    events: records.length / ORDERS,
    jsonBytes: perOrder(({ value }) => Buffer.byteLength(value)),
    recordBytes: perOrder(sizeOf),
    gzip: { alone: alone(gzipSync), together: together(gzipSync) },
    zstd: { alone: alone(zstdCompressSync), together: together(zstdCompressSync) },
    kafka: { measured: (diskAfter - disk) / ORDERS, predicted: perOrder(batchOf) },
    walBytes: (walAfter - wal) / ORDERS,
    loopback: {
      measured: (wireAfter - wire - idlePerMs * tookMs) / ORDERS,
      records: perOrder((record) => batchOf(record) * (1 + readersOf(record.topic))),
    },
  }
}

/** Once to the broker, and once to each group that reads the topic. */
function readersOf(topic: string): number {
  return Object.values(SUBSCRIPTIONS).filter((topics) => (topics as readonly string[]).includes(topic)).length
}

const bodyOf = ({ value, headers }: OutgoingRecord) => Buffer.from(JSON.stringify(headers) + value)
const sum = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0)

function sizeOf({ key, value, headers }: OutgoingRecord): number {
  const named = sum(
    Object.entries(headers),
    ([name, text]) => HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text),
  )
  return RECORD_BYTES + FIELD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value) + named
}

/** A record that is sent alone. */
const batchOf = (record: OutgoingRecord) => BATCH_HEADER_BYTES + sizeOf(record)

async function recordsOf(shop: Shop, owner: DatabaseOwner, since: string): Promise<OutgoingRecord[]> {
  const rows = await ask<ArchivedEvent>(
    shop,
    owner,
    `select event_id, topic, key, pub_seq, type, payload::text as payload, headers from outbox where created_at >= '${since}'`,
  )
  // As they go when each is sent alone.
  return rows.flatMap((row) => signAsOwners(shop.stateDir, [recordOf(row)]))
}

async function walPosition(shop: Shop): Promise<number> {
  const [row] = await ask<{ bytes: number }>(
    shop,
    'order',
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as bytes`,
  )
  return row!.bytes
}

async function ask<T extends object>(shop: Shop, owner: DatabaseOwner, sql: string): Promise<T[]> {
  const database = createDatabase({ url: shop.databaseUrl(owner), poolSize: 1 }, silentLog, createMetrics())
  try {
    return (await database.query<T>(sql)).rows
  } finally {
    await database.close()
  }
}

/** The segments of the shop's own topics. */
function kafkaBytes({ stateDir }: Shop): number {
  const data = join(stateDir, 'kafka', 'data')
  const partitions = readdirSync(data).filter((name) => /^[a-z]+\.v1-\d+$/.test(name))
  return sum(partitions, (partition) =>
    sum(
      readdirSync(join(data, partition)).filter((name) => name.endsWith('.log')),
      (name) => statSync(join(data, partition, name)).size,
    ),
  )
}

/** Received by the loopback interface: each byte between two processes of this machine, with its headers. */
function loopbackBytes(): number {
  const [, line = ''] = /^\s*lo:\s*(.+)$/m.exec(readFileSync('/proc/net/dev', 'utf8')) ?? []
  return Number(line.trim().split(/\s+/)[0])
}
