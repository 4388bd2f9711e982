import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakeBroker, type FakeBroker } from '@lepton/testing/broker'
import { eventsOf } from '@lepton/testing/builders'
import { useDatabase } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import type pg from 'pg'
import { newId } from '@lepton/common/runtime/id'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { createLease, SHARDS } from '../src/lease.ts'
import { createOutbox, type Outbox } from '../src/outbox.ts'
import { republish } from '../src/republish.ts'
import { createLane } from '../src/lane.ts'
import { DELETE_BATCH, RELAY_SESSION, SELECT_BATCH } from '../src/pending.ts'
import { type RelaySettings, startRelay } from '../src/relay.ts'
import { createWakeUp } from '../src/wake-up.ts'
import type { Database } from '../src/postgres/database.ts'
import { add, Added } from '@lepton/testing/tally'

const test = useDatabase('events')
let database: Database
let broker: FakeBroker
let outbox: Outbox
let relays: { stop(): Promise<void> }[] = []

beforeAll(() => {
  database = test.open({ poolSize: 12 })
})
beforeEach(async () => {
  broker = createFakeBroker()
  outbox = createOutbox('/test/test-1')
  await database.query('delete from outbox_pending')
  await database.query('delete from outbox')
  await database.query('delete from tally')
  await database.query(`update relay_lease set owner = null, until = now()`)
  await database.query('delete from relay_member')
})
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()))
  relays = []
})

function start(settings: RelaySettings = {}, own: Outbox = outbox): void {
  relays.push(
    startRelay({ database, broker, outbox: own, log: silentLog, metrics: createMetrics() }, settings),
  )
}

const addOne = (key: string, through: Outbox = outbox) =>
  database.inTransaction((tx) => add(tx, through, key))
/** One transaction with an event for each of so many keys. */
const emitMany = (count: number, prefix: string) =>
  database.inTransaction((tx) => {
    const events = Array.from({ length: count }, (_, index) => ({
      type: Added,
      key: `${prefix}-${index}`,
      sequence: 1,
      data: { number: 1 },
      cause: undefined,
    }))
    outbox.emit(tx, events)
    return Promise.resolve()
  })
const sent = (key?: string) => eventsOf(broker.records(), key).map(({ sequence }) => sequence)
const isPublished = async () => (await database.query('select from outbox_pending limit 1')).rows.length === 0
const ownersOf = async () =>
  (
    await database.query<{ owner: string | null; shards: number }>(
      'select owner, count(*)::int as shards from relay_lease where until > now() group by owner',
    )
  ).rows

async function settled(): Promise<void> {
  await until('everything is published', isPublished)
}

describe('the outbox', () => {
  it('publishes what was committed, and nothing that was rolled back', async () => {
    start()
    await addOne('kept')
    await database
      .inTransaction(async (tx) => {
        await add(tx, outbox, 'undone')
        throw new Error('no')
      })
      .catch(() => undefined)
    await settled()

    expect(sent('kept')).toEqual([1])
    expect(sent('undone')).toEqual([])
  })

  it('writes CloudEvents: who, what, when, about what, the how-manieth', async () => {
    start()
    await addOne('order-1')
    await settled()

    const [record] = broker.records()
    expect(record).toMatchObject({
      topic: 'tally.v1',
      key: 'order-1',
      value: '{"number": 1}',
      headers: {
        ce_specversion: '1.0',
        ce_type: 'tally.added.v1',
        ce_source: '/test/test-1',
        ce_subject: 'order-1',
        ce_sequence: '1',
        ce_correlationid: 'order-1',
        'content-type': 'application/json',
      },
    })
    expect(record!.headers.ce_id).toMatch(/^[0-9a-f-]{14}7/)
    expect(new Date(record!.headers.ce_time!).getTime()).toBeGreaterThan(Date.now() - 60_000)
  })

  it('refuses an event that Kafka would always refuse', async () => {
    const data = { number: 1, text: 'x'.repeat(300_000) }
    const work = database.inTransaction((tx) => {
      outbox.emit(tx, [{ type: Added, key: 'k', sequence: 1, data, cause: undefined }])
      return Promise.resolve()
    })
    await expect(work).rejects.toThrow(RangeError)
  })
})

describe('relays', () => {
  it('keep the order of every key under concurrent writers, two relays and a broker that fails', async () => {
    start({ batchSize: 20, maxBackoffMs: 20 })
    start({ batchSize: 20, maxBackoffMs: 20 })
    const keys = Array.from({ length: 10 }, (_, index) => `key-${index}`)
    let isWriting = true
    const failures = (async () => {
      while (isWriting) {
        broker.failSends(1, { afterAppend: Math.random() < 0.5 })
        await addOne('heartbeat')
      }
    })()

    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let count = 0; count < 40; count++) await addOne(keys[(writer * 7 + count) % keys.length]!)
      }),
    )
    isWriting = false
    await failures
    broker.failSends(0)
    await settled()

    for (const key of keys) expect(sent(key)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1))
    const { rows } = await database.query<{ event_id: string }>('select event_id from outbox')
    expect(new Set(broker.records().map(({ headers }) => headers.ce_id))).toEqual(
      new Set(rows.map(({ event_id }) => event_id)),
    )
  })

  it('send a batch again until the broker has acknowledged it', async () => {
    broker.failSends(2)
    start({ maxBackoffMs: 20 })
    await addOne('k')
    await addOne('k')
    await settled()
    expect(sent('k')).toEqual([1, 2])

    broker.failSends(1, { afterAppend: true })
    await addOne('k')
    await settled()
    expect(sent('k')).toEqual([1, 2, 3])
    expect(broker.records().filter(({ headers }) => headers.ce_sequence === '3')).toHaveLength(2)
  })

  it('end a batch at its bytes, too', async () => {
    const sizes: number[] = []
    const { send } = broker
    broker.send = (records) => {
      sizes.push(records.length)
      return send(records)
    }
    await database.inTransaction(async (tx) => {
      for (let count = 0; count < 10; count++) await add(tx, outbox, 'k')
    })
    start({ batchBytes: 2_000 })
    await settled()

    expect(Math.max(...sizes)).toBeLessThanOrEqual(3)
    expect(sent('k')).toHaveLength(10)
  })

  it('share the shards, and give them away at once when they stop', async () => {
    start()
    await until('the first holds all', async () => (await ownersOf())[0]?.shards === SHARDS)
    start()
    await until('both hold their share', async () => {
      const owners = await ownersOf()
      return owners.length === 2 && owners.every(({ shards }) => shards === SHARDS / 2)
    })

    await relays.shift()!.stop()

    await until('the other holds all', async () => (await ownersOf())[0]?.shards === SHARDS, {
      timeoutMs: 2_500,
    })
    await addOne('k')
    await settled()
  })

  it('take over from one that died without a word when its lease has ended', async () => {
    const connection = await database.connect('dead relay')
    await createLease().renewIfDue(connection)
    await connection.end()
    expect(await ownersOf()).toMatchObject([{ shards: SHARDS }])
    await addOne('k')

    const startedAt = performance.now()
    start()
    await settled()

    expect(sent('k')).toEqual([1])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  it('go on after their connection was lost', async () => {
    start({ maxBackoffMs: 50 })
    await addOne('k')
    await settled()
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'relay%'`,
    )
    await addOne('k')
    await settled()
    expect(sent('k')).toEqual([1, 2])
  })

  it('acknowledge within milliseconds of the commit when idle', async () => {
    start()
    await addOne('warm-up')
    await settled()
    const latencies: number[] = []
    const { send } = broker
    for (let count = 0; count < 40; count++) {
      const acknowledged = Promise.withResolvers<number>()
      broker.send = async (records) => {
        await send(records)
        acknowledged.resolve(performance.now())
      }
      await addOne(`key-${count}`)
      const committedAt = performance.now()
      latencies.push((await acknowledged.promise) - committedAt)
    }
    latencies.sort((left, right) => left - right)
    // The target is 5 ms; a machine that runs other tests beside it gets more.
    expect(latencies[20]).toBeLessThan(20)
  })
})

describe('the floor', () => {
  it('waits for a transaction that is open over 6000 ids of other keys, and loses nothing', async () => {
    start()
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const open = database.inTransaction(async (tx) => {
      await add(tx, outbox, 'slow')
      await tx.query('select 1')
      begun.resolve()
      await goOn.promise
    })
    await begun.promise
    const slowId = await lastId()
    for (let batch = 0; batch < 12; batch++) {
      await emitMany(500, `other-${batch}`)
    }
    await settled()
    await renewals(3)
    expect(Math.max(...(await floors()))).toBeLessThan(slowId)

    goOn.resolve()
    await open
    await settled()
    expect(sent('slow')).toEqual([1])
    await until(
      'the floor has passed everything',
      async () => Math.min(...(await floors())) > slowId + 5_000,
      {
        timeoutMs: 6_000,
      },
    )
    await addOne('slow')
    await settled()
    expect(sent('slow')).toEqual([1, 2])
  }, 20_000)

  async function floors(): Promise<number[]> {
    const { rows } = await database.query<{ floor: number }>('select floor from relay_lease')
    return rows.map(({ floor }) => floor)
  }

  async function lastId(): Promise<number> {
    const { rows } = await database.query<{ id: number }>('select last_value as id from outbox_id_seq')
    return rows[0]!.id
  }

  /** Waits until the lease was renewed so often: each renewal is a look at the floor. */
  async function renewals(times: number): Promise<void> {
    let last = ''
    for (let seen = 0; seen < times;) {
      const { rows } = await database.query<{ until: string }>(
        'select max(until)::text as until from relay_lease',
      )
      if (rows[0]!.until !== last) seen++
      last = rows[0]!.until
      await until('another renewal', async () => {
        const now = await database.query<{ until: string }>(
          'select max(until)::text as until from relay_lease',
        )
        return now.rows[0]!.until !== last
      })
    }
  }
})

describe('the query for a batch', () => {
  it('looks up its rows one by one, however large the archive and the backlog are', async () => {
    const big = await test.open({ statementTimeoutMs: 60_000 }).connect('relay')
    await big.query(RELAY_SESSION)
    await big.query(
      `insert into outbox (id, event_id, topic, key, pub_seq, type, schema_version, payload, headers)
       select n, gen_random_uuid(), 'tally.v1', 'k' || n, 1, 'tally.added.v1', 1, '{}', '{}' from generate_series(1000000, 1199999) n`,
    )
    await big.query(
      `insert into outbox_pending (shard, id, created_at) select id % 16, id, created_at from outbox where id > 1190000`,
    )
    const owner = newId()
    await big.query('update relay_lease set owner = $1', [owner])
    for (const knowledge of ['without statistics', 'with statistics']) {
      if (knowledge === 'with statistics') await big.query('analyze outbox, outbox_pending, relay_lease')
      const values = [Array.from({ length: SHARDS }, (_, shard) => shard), 500, owner, 0]
      const plan = await planOf(big, SELECT_BATCH, values)
      const scans = scansOf(plan, /^outbox_\d+$/)
      expect([knowledge, ...scans.map((node) => node['Node Type'])]).not.toContain('Seq Scan')
      expect(scans.length).toBeGreaterThan(0)
      expect(readBy(scans)).toBeLessThanOrEqual(1_000)
      expect(readBy(scansOf(plan, /^outbox_pending$/))).toBeLessThanOrEqual(SHARDS * 500)
    }
    await big.end()
  }, 30_000)
})

describe('the deletion of a batch', () => {
  it('looks up its rows one by one, also where statistics call a backlog empty', async () => {
    const big = await test.open({ statementTimeoutMs: 60_000 }).connect('relay')
    await big.query(RELAY_SESSION)
    const fill =
      'insert into outbox_pending (shard, id, created_at) select n % 16, n, now() from generate_series($1::int, $2::int) n'
    await big.query(fill, [1, 5_000])
    await big.query('delete from outbox_pending')
    await big.query('analyze outbox_pending')
    await big.query(fill, [1, 20_000])
    await big.query('update relay_lease set epoch = 1 where shard < 8')

    const ids = Array.from({ length: 480 }, (_, index) => index + 1)
    const plan = await planOf(big, DELETE_BATCH, [ids.map((id) => id % SHARDS), ids, ids.map(() => 1)])

    expect(readBy(scansOf(plan, /^outbox_pending$/))).toBeLessThanOrEqual(2 * ids.length)
    const { rows } = await big.query<{ left: number; stale: number }>(
      'select count(*)::int as left, (count(*) filter (where id <= 480 and shard >= 8))::int as stale from outbox_pending',
    )
    expect(rows[0]).toEqual({ left: 19_760, stale: 240 })
    await big.end()
  })
})

describe('events that are asked for again', () => {
  function askAgain(): Promise<number> {
    const since = new Date(Date.now() - 60_000).toISOString()
    const until = new Date(Date.now() + 60_000).toISOString()
    const why = { who: 'operator', reason: 'the log is gone' }
    return republish(database, { since, until, dryRun: false }, why)
  }

  const timesSent = (key: string) => broker.records().filter((record) => record.key === key).length

  /** The log that goes away has taken an event, and tells so when `acknowledge` is called. */
  async function sentToALogThatGoesAway(): Promise<{ key: string; acknowledge: () => void }> {
    const key = newId()
    const acknowledged = Promise.withResolvers<void>()
    const send = broker.send.bind(broker)
    broker.send = async (records) => {
      await send(records)
      await acknowledged.promise
    }
    start()
    await addOne(key)
    await until('the log that goes away has it', () => timesSent(key) === 1)
    return { key, acknowledge: acknowledged.resolve }
  }

  it('stay asked for when the log that is gone acknowledges them late', async () => {
    const { key, acknowledge } = await sentToALogThatGoesAway()
    await askAgain()
    acknowledge()
    await settled()

    expect(timesSent(key)).toBe(2)
  })

  it('stay asked for when it acknowledges them while they are being put back', async () => {
    const { key, acknowledge } = await sentToALogThatGoesAway()
    await addOne('held')
    const holder = await database.connect('holder')
    await holder.query('begin')
    await holder.query('delete from outbox_pending where id = (select max(id) from outbox)')
    const asked = askAgain()
    await until('the events are being put back', async () => {
      const { rows } = await database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length === 1
    })

    acknowledge()
    const isStillPending = async () =>
      (await database.query('select from outbox_pending where key = $1', [key])).rows.length === 1
    await until('the relay went on', async () => timesSent(key) === 2 || !(await isStillPending()))
    await holder.query('rollback')
    await holder.end()
    await asked
    await settled()

    // Once more where its acknowledgement was lost with the shard: consumers drop what they know.
    expect(timesSent(key)).toBeGreaterThanOrEqual(2)
  })
})

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  Plans?: PlanNode[]
}

/** The plan with what each of its nodes did: the statement is carried out. */
async function planOf(connection: pg.Client, statement: string, values: unknown[]): Promise<PlanNode> {
  const { rows } = await connection.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, format json) ${statement}`,
    values,
  )
  return rows[0]!['QUERY PLAN'][0].Plan
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

function scansOf(plan: PlanNode, table: RegExp): PlanNode[] {
  return nodesOf(plan).filter((node) => node['Actual Loops'] > 0 && table.test(node['Relation Name'] ?? ''))
}

function readBy(scans: readonly PlanNode[]): number {
  return scans.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0)
}

describe('the wake-up', () => {
  it('reaches the instance that owns the shard of what cannot be sent from memory', async () => {
    const [here, there] = [createOutbox('/test/test-1'), createOutbox('/test/test-2')]
    const deps = { database, log: silentLog }
    const writer = createWakeUp({ ...deps, outbox: here, lane: createLane(), isMine: () => false })
    const owner = createWakeUp({ ...deps, outbox: there, lane: createLane(), isMine: () => true })
    try {
      await until('both listen', async () => {
        const { rows } = await database.query(
          `select from pg_stat_activity where datname = current_database() and query = 'listen lepton_outbox'`,
        )
        return rows.length === 2
      })
      owner.takeSignal()
      const key = newId()
      await addOne(key, outbox)
      expect(owner.takeSignal()).toBe(false)
      await addOne(key, here)
      await until('the owner hears of it', () => owner.takeSignal())
    } finally {
      await Promise.all([writer.close(), owner.close()])
    }
  })

  it('comes at once for what may be sent from memory, and not for a rollback', async () => {
    const lane = createLane()
    const wakeUp = createWakeUp({ database, outbox, lane, log: silentLog, isMine: () => true })
    await addOne('k')
    await wakeUp.wait(10_000)
    expect(lane.size()).toBe(1)
    await database
      .inTransaction(async (tx) => {
        await add(tx, outbox, 'other')
        throw new Error('no')
      })
      .catch(() => undefined)
    expect(lane.size()).toBe(1)
    await wakeUp.close()
  })
})

describe('events in memory', () => {
  const owned = () =>
    database.query(`update relay_lease set owner = $1, until = now() + interval '1 hour'`, [newId()])
  const given = () => database.query('update relay_lease set owner = null, until = now()')

  it('are sent by the process that committed them, without a lease on their shard', async () => {
    await owned()
    start()
    await addOne('a')
    await addOne('b')
    await settled()
    expect([sent('a'), sent('b')]).toEqual([[1], [1]])
  })

  it('wait for an earlier one of their key that another process has not sent yet', async () => {
    const silent = createOutbox('/test/test-2')
    await owned()
    start()
    await addOne('k', silent)
    await addOne('k')
    await addOne('other')
    await until('the next one is sent', () => sent('other').length === 1)
    expect(sent('k')).toEqual([])

    await given()
    await settled()
    expect(sent('k')).toEqual([1, 2])
  })

  const isPending = async (key: string) =>
    (await database.query('select from outbox_pending where key = $1', [key])).rows.length > 0

  it('do not wait for the rows of those before them, which are taken away some at a time', async () => {
    await owned()
    start()
    const wereNext: boolean[] = []
    outbox.onEmit((events) => wereNext.push(...events.map(({ is_next }) => is_next)))
    for (const sequence of [1, 2, 3]) {
      await addOne('k')
      await until('it is sent', () => sent('k').length === sequence)
    }
    expect(wereNext).toEqual([true, true, true])
    expect(await isPending('k')).toBe(true)
    await settled()
  })

  describe('of another instance than the one before them', () => {
    const there = createOutbox('/test/test-2')

    /** Whether an event of the key may be sent at once by an instance that knows this event to be on the log. */
    async function isNext(key: string, event_id: string): Promise<boolean> {
      const emitted = Promise.withResolvers<boolean>()
      const own = createOutbox('/test/test-1')
      own.onEmit(([event]) => emitted.resolve(event!.is_next))
      own.noteOnLog([{ key, event_id }])
      await database.inTransaction((tx) => add(tx, own, key))
      return emitted.promise
    }

    async function added(key: string): Promise<string> {
      await addOne(key, there)
      const { rows } = await database.query<{ event_id: string }>(
        'select event_id from outbox where key = $1',
        [key],
      )
      return rows[0]!.event_id
    }

    it('go at once where that one is known to be on the log', async () => {
      const before = await added('k')
      expect(await isNext('k', before)).toBe(true)
    })

    it('wait where something else is', async () => {
      await added('k')
      expect(await isNext('k', newId())).toBe(false)
    })

    it('wait where an earlier release left something that may be of their key', async () => {
      const before = await added('k')
      await database.query('update outbox_pending set key = null, event_id = null')
      expect(await isNext('k', before)).toBe(false)
    })

    it('wait where that one was put back to be sent again', async () => {
      const before = await added('k')
      const [since, until] = [-60_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString())
      await republish(
        database,
        { since: since!, until: until!, dryRun: false },
        { who: 'operator', reason: 'the log is gone' },
      )
      expect(await isNext('k', before)).toBe(false)
    })
  })

  it('are left to the outbox behind a backlog, whose keys are not looked at', async () => {
    const silent = createOutbox('/test/test-2')
    await owned()
    await database.inTransaction(async (tx) => {
      for (let count = 0; count < SHARDS * 100; count++) await add(tx, silent, `old-${count}`)
    })
    const lane = createLane()
    const wakeUp = createWakeUp({ database, outbox, lane, log: silentLog, isMine: () => true })
    await addOne('new')
    expect([lane.size(), wakeUp.takeSignal()]).toEqual([0, true])
    await wakeUp.close()
  })

  it('keep their order when the broker fails in the middle of them', async () => {
    await owned()
    const refused = Promise.withResolvers<void>()
    const { send } = broker
    broker.send = () => {
      broker.send = send
      refused.resolve()
      return Promise.reject(new Error('no'))
    }
    start({ batchBytes: 600, maxBackoffMs: 20 })
    await database.inTransaction(async (tx) => {
      for (let count = 0; count < 5; count++) await add(tx, outbox, 'k')
    })
    await refused.promise
    await given()
    await settled()
    expect(sent('k')).toEqual([1, 2, 3, 4, 5])
  })

  it('are bounded: what is too much is read from the outbox', async () => {
    start()
    await emitMany(1_500, 'many')
    await settled()
    expect(new Set(broker.records().map(({ key }) => key)).size).toBe(1_500)
  })
})
