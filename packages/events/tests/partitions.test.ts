import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'
import { createOutbox } from '../src/outbox.ts'
import { maintainPartitions, wantedPartitions } from '../src/partitions.ts'
import type { Database } from '../src/postgres/database.ts'
import { add } from '@lepton/testing/tally'

const test = useDatabase('events')
const outbox = createOutbox('/test/test-1')
let database: Database

beforeAll(() => {
  database = test.open()
})
beforeEach(() => maintainPartitions(database))

async function names(): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent in ('outbox'::regclass, 'inbox'::regclass) order by 1`,
  )
  return rows.map(({ name }) => name)
}

const wanted = () =>
  wantedPartitions(Date.now())
    .map(({ name }) => name)
    .sort()

describe('the partitions', () => {
  it('are made once, however often and by however many they are looked after', async () => {
    await Promise.all([1, 2, 3, 4].map(() => maintainPartitions(database)))
    expect(await names()).toEqual(expect.arrayContaining(wanted()))
  })

  it('are all there again after the shop was off for a month', async () => {
    for (const name of await names()) await database.query(`drop table ${name}`)
    await createPartition('outbox', '20200101', `'2020-01-01'`, `'2020-01-02'`)

    await maintainPartitions(database)

    expect(await names()).toEqual(wanted())
    await database.inTransaction((tx) => add(tx, outbox, 'k'))
  })

  it('are attached while a writer is open, without waiting for it', async () => {
    const last = wanted()
      .filter((name) => name.startsWith('outbox_'))
      .at(-1)!
    await database.query(`drop table ${last}`)

    await database.inTransaction(async (tx) => {
      await add(tx, outbox, 'open')
      await tx.query('select 1')
      await maintainPartitions(database)
    })

    expect(await names()).toContain(last)
  })

  it('that are too old are dropped, but no day that still has something to send', async () => {
    await createPartition('outbox', '20200102', `'2020-01-02'`, `'2020-01-03'`)
    await createPartition('outbox', '20200103', `'2020-01-03'`, `'2020-01-04'`)
    await createPartition(
      'inbox',
      '20200102',
      `'016f0000-0000-0000-0000-000000000000'`,
      `'016f5000-0000-0000-0000-000000000000'`,
    )
    await database.query(
      `insert into outbox (id, created_at, event_id, topic, key, pub_seq, type, schema_version, payload, headers)
       values (1, '2020-01-03 12:00+00', gen_random_uuid(), 't', 'k', 1, 'x.v1', 1, '{}', '{}')`,
    )
    await database.query(
      `insert into outbox_pending (shard, id, created_at) values (0, 1, '2020-01-03 12:00+00')`,
    )

    await maintainPartitions(database)
    expect((await names()).filter((name) => name.includes('_2020'))).toEqual(['outbox_20200103'])

    await database.query('delete from outbox_pending')
    await maintainPartitions(database)
    expect((await names()).filter((name) => name.includes('_2020'))).toEqual([])
  })
})

async function createPartition(parent: string, stamp: string, from: string, to: string): Promise<void> {
  await database.query(
    `create table ${parent}_${stamp} partition of ${parent} for values from (${from}) to (${to})`,
  )
}
