import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakeBroker, type FakeBroker } from '@lepton/testing/broker'
import { eventRecord } from '@lepton/testing/builders'
import { useDatabase } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { v7 } from 'uuid'
import { applyChunk } from '../src/apply.ts'
import { type ConsumeSettings, startConsumer } from '../src/consume.ts'
import { park } from '../src/dead-letters/dead-letter.ts'
import { createOutbox } from '../src/outbox.ts'
import { replay } from '../src/dead-letters/replay.ts'
import { parseRecord, type Subscription } from '../src/subscription.ts'
import { newId } from '@lepton/common/runtime/id'
import { createMetrics } from '@lepton/common/runtime/metrics'
import type { Database } from '../src/postgres/database.ts'
import { Added, Stated, tallies, TALLY, tallyOf } from '@lepton/testing/tally'

const test = useDatabase('events')
const CONSUMER = TALLY.number
const DAY_MS = 86_400_000
let database: Database
let broker: FakeBroker
let consumers: { stop(): Promise<void> }[] = []

beforeAll(() => {
  database = test.open({ poolSize: 12 })
})
beforeEach(() => {
  broker = createFakeBroker()
})
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()))
  consumers = []
  await broker.close()
  await database.query('delete from dead_letter')
})

function consume(
  subscription: Subscription = tallies(),
  settings: Partial<ConsumeSettings> = {},
  outbox = createOutbox('/test'),
) {
  const deps = { database, broker, outbox, log: silentLog, metrics: createMetrics() }
  const consumer = startConsumer(deps, [subscription], {
    group: 'test',
    unblockEveryMs: 10,
    maxPauseMs: 20,
    ...settings,
  })
  consumers.push(consumer)
  return consumer
}

const added = (key: string, sequence: number, eventId = newId()) =>
  eventRecord(Added, key, sequence, { number: sequence }, { eventId })

async function idle(): Promise<void> {
  await until('everything is delivered', () => broker.isIdle())
}

async function letters(key: string) {
  const { rows } = await database.query<{
    id: number
    status: string
    pub_seq: number | null
    error_message: string
  }>('select id, status, pub_seq, error_message from dead_letter where key = $1 order by id', [key])
  return rows
}

/** The positions that wait, repeats of applied ones left out. */
async function waiting(key: string): Promise<(number | null)[]> {
  const last = (await tallyOf(database, key))?.last_seq ?? 0
  const open = (await letters(key)).filter(({ status, pub_seq }) => status === 'BLOCKED' && pub_seq! > last)
  return open.map(({ pub_seq }) => pub_seq).sort()
}

const statuses = async (key: string) => (await letters(key)).map(({ status }) => status)

describe('an event', () => {
  it('is applied once, however often and wherever it is delivered', async () => {
    const key = newId()
    const events = [1, 2, 3].map((sequence) => added(key, sequence))
    consume()

    await broker.send(events)
    await broker.send(events)
    await broker.send(events.toReversed())
    await idle()

    expect(await tallyOf(database, key)).toEqual({ key, total: 6, seen: [1, 2, 3], last_seq: 3 })
    expect(await letters(key)).toEqual([])
  })

  it('is applied once by twin transactions', async () => {
    const key = newId()
    const subscription = tallies()
    const chunk = [1, 2, 3].map((sequence) => parsed(added(key, sequence), subscription))
    const apply = () => database.inTransaction((tx) => applyChunk(tx, subscription, chunk, Date.now()))

    const outcomes = await Promise.all([apply(), apply(), apply()])

    expect(outcomes.reduce((sum, { applied }) => sum + applied, 0)).toBe(3)
    expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3] })
  })

  it('that was applied and rolled back is applied again', async () => {
    const key = newId()
    const subscription = tallies()
    const chunk = [parsed(added(key, 1), subscription)]
    await database
      .inTransaction(async (tx) => {
        await applyChunk(tx, subscription, chunk, Date.now())
        throw new Error('crash')
      })
      .catch(() => undefined)

    await database.inTransaction((tx) => applyChunk(tx, subscription, chunk, Date.now()))

    expect(await tallyOf(database, key)).toMatchObject({ seen: [1] })
  })

  it('is applied once and in order while members of the group come and go', async () => {
    const keys = Array.from({ length: 20 }, () => newId())
    consume(tallies(), { chunkSize: 3 })
    for (let sequence = 1; sequence <= 12; sequence++) {
      await broker.send(keys.map((key) => added(key, sequence)))
      if (sequence % 3 === 0) consume(tallies(), { chunkSize: 3 })
      if (sequence % 4 === 0) void consumers.shift()!.stop()
    }
    await idle()
    await until('nothing waits', async () => (await openLetters()) === 0)

    for (const key of keys) {
      expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] })
    }
  })

  it('shows that what caused it is on the log, by whichever instance', async () => {
    const [key, cause] = [newId(), newId()]
    const onLog: unknown[] = []
    const noteOnLog = (events: readonly unknown[]) => void onLog.push(...events)
    consume(tallies(), {}, { ...createOutbox('/test'), noteOnLog })

    await broker.send([eventRecord(Added, key, 1, { number: 1 }, { headers: { ce_causationid: cause } })])
    await idle()

    expect(onLog).toContainEqual({ key, event_id: cause })
  })

  it('of a kind that is not handled only advances its key', async () => {
    const key = newId()
    consume()
    const unknown = {
      ...added(key, 1),
      headers: { ...added(key, 1).headers, ce_type: 'tally.unheard_of.v1' },
    }

    await broker.send([unknown, added(key, 2)])
    await idle()

    expect(await tallyOf(database, key)).toMatchObject({ seen: [2], last_seq: 2 })
  })
})

describe('an event before its time', () => {
  it('waits for the ones before it and is applied after them', async () => {
    const key = newId()
    consume()
    await broker.send([added(key, 1), added(key, 4), added(key, 3)])
    await idle()
    expect(await waiting(key)).toEqual([3, 4])
    expect(await tallyOf(database, key)).toMatchObject({ seen: [1] })

    await broker.send([added(key, 2)])
    await until('the key goes on', async () => (await tallyOf(database, key))?.last_seq === 4)

    expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3, 4] })
    expect(new Set(await statuses(key))).toEqual(new Set(['REPLAYED']))
  })

  it('does not wait when it tells the whole state', async () => {
    const key = newId()
    consume()
    await broker.send([added(key, 1), eventRecord(Stated, key, 5, { total: 100 }), added(key, 6)])
    await idle()

    expect(await tallyOf(database, key)).toMatchObject({ total: 106, last_seq: 6 })
  })

  it('is overtaken by a later snapshot: an event that is lost does not block its key', async () => {
    const key = newId()
    consume()
    await broker.send([added(key, 1), added(key, 3)])
    await idle()
    expect(await waiting(key)).toEqual([3])

    await broker.send([eventRecord(Stated, key, 4, { total: 100 }), added(key, 5)])
    await until('the key goes on', async () => (await tallyOf(database, key))?.last_seq === 5)

    expect(await tallyOf(database, key)).toMatchObject({ total: 105 })
    await until('nothing waits', async () => (await openLetters()) === 0)
  })
})

describe('a snapshot from far ahead', () => {
  it('is a dead letter, and what is true goes on to be applied', async () => {
    const key = newId()
    consume()
    await broker.send([added(key, 1)])
    await broker.send([eventRecord(Stated, key, 999_999_999, { total: 7 })])
    await until('it is dead', async () => (await statuses(key)).includes('DEAD'))
    // Its repeat would be a letter again.
    await idle()
    await database.query(`delete from dead_letter where key = $1`, [key])

    await broker.send([added(key, 2)])
    await until('the key goes on', async () => (await tallyOf(database, key))?.last_seq === 2)

    expect(await tallyOf(database, key)).toMatchObject({ total: 3, seen: [1, 2] })
  })
})

describe('a replay of old records', () => {
  it('older than the inbox remembers is dropped by its sequence', async () => {
    const key = newId()
    const old = (sequence: number) => added(key, sequence, v7({ msecs: Date.now() - 60 * DAY_MS }))
    consume()
    await broker.send([old(1), old(2)])
    await idle()
    expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2] })

    await broker.send([old(1), old(2), old(3)])
    await idle()

    expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3] })
  })
})

describe('what cannot be applied', () => {
  const cases: [string, (key: string) => ReturnType<typeof added>, message: RegExp][] = [
    ['an id that is not a UUIDv7', (key) => added(key, 1, '8f14e45f-ceea-467f-a1d2-91b9a1b0c0de'), /UUIDv7/],
    ['an id from the future', (key) => added(key, 1, v7({ msecs: Date.now() + 8 * DAY_MS })), /future/],
    ['no position', (key) => withHeaders(key, { ce_sequence: '0' }), /position/],
    ['an unknown version', (key) => withHeaders(key, { ce_type: 'tally.added.v2' }), /version 2/],
    ['broken JSON', (key) => ({ ...added(key, 1), value: '{"number": 1' }), /cannot be read/],
    ['a field of another type', (key) => ({ ...added(key, 1), value: '{"number": "1"}' }), /cannot be read/],
  ]

  it.each(cases)('(%s) becomes a dead letter, and other keys flow', async (_name, record, message) => {
    const [bad, good] = [newId(), newId()]
    consume()

    await broker.send([record(bad), added(good, 1), added(bad, 2), added(good, 2)])
    await idle()

    expect(await letters(bad)).toMatchObject([
      { status: 'DEAD', error_message: expect.stringMatching(message) as unknown },
      { status: 'BLOCKED', pub_seq: 2 },
    ])
    expect(await tallyOf(database, good)).toMatchObject({ seen: [1, 2] })
  })

  it('stops its own key only, and leaves no trace of the chunk it was in', async () => {
    const [bad, ...good] = Array.from({ length: 6 }, () => newId()) as [string, ...string[]]
    consume(
      tallies((_number, key) => {
        if (key === bad) throw new TypeError('a bug')
      }),
      { poisonTries: 2 },
    )

    await broker.send([
      ...good.map((key) => added(key, 1)),
      added(bad, 1),
      ...good.map((key) => added(key, 2)),
      added(bad, 2),
    ])
    await idle()

    for (const key of good) expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2] })
    expect(await letters(bad)).toMatchObject([
      { status: 'DEAD', pub_seq: 1, error_message: 'a bug' },
      { status: 'BLOCKED', pub_seq: 2 },
    ])
    expect((await tallyOf(database, bad))?.seen ?? []).toEqual([])
  })

  it('only for a moment is no dead letter', async () => {
    const key = newId()
    let faults = 2
    consume(
      tallies(() => {
        if (faults-- > 0) throw new TypeError('not yet')
      }),
    )

    await broker.send([added(key, 1)])
    await idle()

    expect(await tallyOf(database, key)).toMatchObject({ seen: [1] })
    expect(await letters(key)).toEqual([])
  })

  it('is applied when it is replayed after a repair, and then what waited behind it', async () => {
    const key = newId()
    let isBroken = true
    const subscription = tallies(() => {
      if (isBroken) throw new TypeError('a bug')
    })
    consume(subscription, { poisonTries: 1 })
    await broker.send([1, 2, 3].map((sequence) => added(key, sequence)))
    await idle()
    const [dead, ...blocked] = await letters(key)
    expect(blocked).toHaveLength(2)
    expect(await replay(database, subscription, blocked[0]!.id, Date.now())).toBe(false)

    isBroken = false
    expect(await replay(database, subscription, dead!.id, Date.now())).toBe(true)
    await until('the tail follows', async () => (await tallyOf(database, key))?.last_seq === 3)

    expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3] })
    await until('all are replayed', async () =>
      (await statuses(key)).every((status) => status === 'REPLAYED'),
    )
  })

  it('among the ones that wait becomes dead when its turn comes, and strands no other key', async () => {
    const [bad, other] = ['00-bad', 'zz-other'].map((name) => `${name}-${newId()}`) as [string, string]
    let broken = [1, 2]
    const subscription = tallies((number, key) => {
      if (key === bad && broken.includes(number)) throw new TypeError('a bug')
    })
    consume(subscription, { poisonTries: 1 })
    await broker.send([added(bad, 1), added(bad, 2), added(bad, 3), added(other, 2)])
    await idle()
    broken = [2]
    const [first] = await letters(bad)
    expect(await replay(database, subscription, first!.id, Date.now())).toBe(true)
    await broker.send([added(other, 1)])

    await until('the other key goes on', async () => (await tallyOf(database, other))?.last_seq === 2)
    await until('the second is dead', async () =>
      (await letters(bad)).some(({ status, pub_seq }) => status === 'DEAD' && pub_seq === 2),
    )
    expect(await tallyOf(database, bad)).toMatchObject({ seen: [1] })
  })

  it('is not buried when a twin has applied it', async () => {
    const key = newId()
    const record = added(key, 1)
    consume()
    await broker.send([record])
    await idle()

    const verdict = { attempts: 1, error: new TypeError('a bug') }
    await park(
      { database, outbox: createOutbox('/test'), group: 'test' },
      CONSUMER,
      parsed(record, tallies()),
      verdict,
    )

    expect(await letters(key)).toEqual([])
  })
})

describe('an outage', () => {
  it('pauses the partition and loses nothing', async () => {
    const keys = Array.from({ length: 10 }, () => newId())
    let outages = 15
    consume(
      tallies(() => {
        if (outages-- > 0) throw new Error('Connection terminated unexpectedly')
      }),
    )

    for (let sequence = 1; sequence <= 3; sequence++)
      await broker.send(keys.map((key) => added(key, sequence)))
    await idle()

    for (const key of keys) {
      expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3] })
      expect(await letters(key)).toEqual([])
    }
  })

  it('of the database, in the middle of the work, does neither', async () => {
    const keys = Array.from({ length: 10 }, () => newId())
    consume(tallies(), { chunkSize: 2 })
    const killer = await database.connect('killer')

    for (let sequence = 1; sequence <= 8; sequence++) {
      await broker.send(keys.map((key) => added(key, sequence)))
      await killer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      )
    }
    await idle()
    await killer.end()
    await until('nothing waits', async () => (await openLetters()) === 0)

    for (const key of keys)
      expect(await tallyOf(database, key)).toMatchObject({ seen: [1, 2, 3, 4, 5, 6, 7, 8] })
  })
})

const PLACE = { topic: 'tally.v1', topicId: 'fake', partition: 0 }

async function openLetters(): Promise<number> {
  const { rows } = await database.query(`select from dead_letter where status in ('DEAD', 'BLOCKED')`)
  return rows.length
}

function withHeaders(key: string, headers: Record<string, string>) {
  const record = added(key, 1)
  return { ...record, headers: { ...record.headers, ...headers } }
}

let offset = 1_000_000

function parsed(record: ReturnType<typeof added>, subscription: Subscription) {
  const { key, value, headers } = record
  const incoming = {
    key,
    headers,
    value: Buffer.from(value),
    offset: String(offset++),
    timestampMs: Date.now(),
  }
  return parseRecord(incoming, PLACE, subscription, Date.now())
}
