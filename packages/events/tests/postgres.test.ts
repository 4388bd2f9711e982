import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import type { Database } from '../src/postgres/database.ts'
import { insertRows, lockOrCreate, saveRows } from '../src/postgres/rows.ts'
import { createSignal } from '../src/postgres/signal.ts'
import { LockBusy } from '../src/postgres/transaction.ts'
import { remainingMs, withDeadline } from '@lepton/common/runtime/deadline'
import { Unavailable } from '@lepton/common/runtime/problem'

const test = useDatabase('events')
let database: Database

beforeAll(async () => {
  database = test.open()
  await database.query('create table named (id uuid primary key, total int not null default 0)')
  await database.query(`create function slow_commit() returns trigger language plpgsql as $$
    begin perform pg_sleep(30); return null; end $$`)
  await database.query(`create function refused_commit() returns trigger language plpgsql as $$
    begin raise exception 'not like this' using errcode = '23514'; end $$`)
  await database.query(`create constraint trigger slow after insert on tally deferrable initially deferred
    for each row when (new.key = 'slow') execute function slow_commit()`)
  await database.query(`create constraint trigger refused after insert on tally deferrable initially deferred
    for each row when (new.key = 'refused') execute function refused_commit()`)
})

beforeEach(() => database.query('truncate tally, named'))

function insert(key: string, total = 0): [string, unknown[]] {
  return ['insert into tally (key, total) values ($1, $2)', [key, total]]
}

const totals = async () =>
  (await database.query<{ key: string; total: number }>('select key, total from tally order by key')).rows

describe('a transaction', () => {
  it('stores what its work did and gives its result', async () => {
    const result = await database.inTransaction(async (tx) => {
      await tx.query(...insert('a', 3))
      return 'done'
    })
    expect(result).toBe('done')
    expect(await totals()).toEqual([{ key: 'a', total: 3 }])
  })

  it('undoes everything when its work throws', async () => {
    const fault = new Error('no')
    const work = database.inTransaction(async (tx) => {
      await tx.query(...insert('a'))
      throw fault
    })
    await expect(work).rejects.toBe(fault)
    expect(await totals()).toEqual([])
  })

  it('fails when a swallowed fault made PostgreSQL answer COMMIT with ROLLBACK', async () => {
    const work = database.inTransaction(async (tx) => {
      await tx.query(...insert('a'))
      await tx.query('select 1 / 0').catch(() => undefined)
    })
    await expect(work).rejects.toThrow('rolled back')
    expect(await totals()).toEqual([])
  })

  it('leaves a session whose server takes no writes any more', async () => {
    const only = test.open({ poolSize: 1 })
    const sessions: number[] = []
    await only.inTransaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
      if (sessions.push(rows[0]!.pid) === 1) await tx.query('set transaction read only')
      await tx.query(...insert('a'))
    })
    expect(new Set(sessions).size).toBe(2)
    expect(await totals()).toEqual([{ key: 'a', total: 0 }])
  })

  it('runs what is to come after the commit then, and never after a rollback', async () => {
    const ran: string[] = []
    await database.inTransaction((tx) => {
      tx.afterCommit(() => ran.push('committed'))
      return Promise.resolve()
    })
    await database
      .inTransaction((tx) => {
        tx.afterCommit(() => ran.push('rolled back'))
        return Promise.reject(new Error('no'))
      })
      .catch(() => undefined)
    expect(ran).toEqual(['committed'])
  })

  it('begins after the commit what is not bound to the deadline of its request', async () => {
    let left: number | undefined = 0
    await withDeadline(1_000, () =>
      database.inTransaction((tx) => {
        tx.afterCommit(() => (left = remainingMs()))
        return Promise.resolve()
      }),
    )
    expect(left).toBeUndefined()
  })
})

describe('statements that are not awaited', () => {
  it('run in the order they were sent, before what is asked afterwards', async () => {
    const seen = await database.inTransaction(async (tx) => {
      tx.write(...insert('a', 1))
      for (let count = 0; count < 20; count++)
        tx.write(`update tally set total = total * 2 + 1 where key = 'a'`, [])
      const { rows } = await tx.query<{ total: number }>(`select total from tally where key = 'a'`)
      return rows[0]!.total
    })
    expect(seen).toBe(2 ** 21 - 1)
  })

  it('surface their own fault, not the one that follows from it', async () => {
    const work = database.inTransaction(async (tx) => {
      tx.write(...insert('a'))
      tx.write(...insert('a'))
      await tx.query('select 1')
    })
    await expect(work).rejects.toMatchObject({ code: '23505' })
  })

  it('surface their fault at the commit at the latest', async () => {
    const work = database.inTransaction((tx) => {
      tx.write(...insert('a'))
      tx.write(...insert('a'))
      return Promise.resolve()
    })
    await expect(work).rejects.toMatchObject({ code: '23505' })
    expect(await totals()).toEqual([])
  })

  it('give their rows before the transaction ends', async () => {
    const given: string[] = []
    await database.inTransaction((tx) => {
      tx.write<{ key: string }>(`insert into tally (key) values ('a') returning key`, [], (rows) =>
        given.push(...rows.map(({ key }) => key)),
      )
      return Promise.resolve()
    })
    expect(given).toEqual(['a'])
  })
})

describe('statements that have not left when their work throws', () => {
  it('are undone: what their session does next is no part of them', async () => {
    const only = test.open({ poolSize: 1 })
    const work = only.inTransaction((tx) => {
      tx.write(...insert('a'))
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    await only.query(...insert('b'))
    expect(await totals()).toEqual([{ key: 'b', total: 0 }])
  })

  it('that the server skipped are prepared when they are needed again', async () => {
    const only = test.open({ poolSize: 1 })
    const rare: [string, unknown[]] = ["insert into tally (key) values ('rare' || $1::text)", ['1']]
    const work = only.inTransaction((tx) => {
      tx.write('select 1 / 0', [])
      tx.write(...rare)
      return Promise.resolve()
    })
    await expect(work).rejects.toThrow('division by zero')
    await only.query(...rare)
    expect(await totals()).toEqual([{ key: 'rare1', total: 0 }])
  })
})

describe('a COMMIT', () => {
  it('without an answer is reported as unknown and not tried again', async () => {
    let runs = 0
    const work = database.inTransaction(async (tx) => {
      runs++
      await tx.query(...insert('slow'))
    })
    const outcome = work.catch((error: unknown) => error)
    await terminate(`query = 'commit' and state = 'active'`)

    expect(await outcome).toBeInstanceOf(Unavailable)
    expect(((await outcome) as Error).message).toContain('COMMIT')
    expect(runs).toBe(1)
  })

  it('that was refused is a definite answer', async () => {
    const work = database.inTransaction((tx) => tx.query(...insert('refused')))
    await expect(work).rejects.toMatchObject({ code: '23514' })
  })
})

describe('rows that are locked or made', () => {
  const [a, b] = ['0000000a-0000-4000-8000-000000000000', '0000000b-0000-4000-8000-000000000000'] as const
  const isWaiting = async () => {
    const { rows } = await database.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  }

  it('are there afterwards, each once, with what they hold', async () => {
    await database.query('insert into named values ($1, 3)', [b])

    const { rows } = await database.inTransaction((tx) => lockOrCreate(tx, 'named', 'id', [b, a, b]))
    const again = await database.inTransaction((tx) => lockOrCreate(tx, 'named', 'id', [a], true))

    expect(rows).toEqual([
      { id: a, total: 0 },
      { id: b, total: 3 },
    ])
    expect(again.rows).toEqual([{ id: a, total: 0 }])
  })

  it('are taken in one order, whether they are there or not, so that no two transactions wait in a circle', async () => {
    await database.query('insert into named (id) values ($1)', [b])
    const first = Promise.withResolvers<void>()
    let runs = 0
    const one = database.inTransaction(async (tx) => {
      runs++
      await lockOrCreate(tx, 'named', 'id', [a])
      first.resolve()
      await until('the other waits', isWaiting)
      await lockOrCreate(tx, 'named', 'id', [b])
    })
    await first.promise
    const other = database.inTransaction(async (tx) => {
      runs++
      await lockOrCreate(tx, 'named', 'id', [a, b])
    })

    await Promise.all([one, other])

    expect(runs).toBe(2)
  })
})

describe('a passing fault', () => {
  it('of a deadlock is tried again until both are through', async () => {
    await database.query(`insert into tally (key) values ('left'), ('right')`)
    const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const bump = 'update tally set total = total + 1 where key = $1'
    const cross = (first: string, second: string, me: number) =>
      database.inTransaction(async (tx) => {
        await tx.query(bump, [first])
        met[me]!.resolve()
        await met[1 - me]!.promise
        await tx.query(bump, [second])
      })

    await Promise.all([cross('left', 'right', 0), cross('right', 'left', 1)])

    expect(await totals()).toEqual([
      { key: 'left', total: 2 },
      { key: 'right', total: 2 },
    ])
  })

  it('of a connection that is lost half-way is tried again from the start', async () => {
    let runs = 0
    await database.inTransaction(async (tx) => {
      runs++
      await tx.query(...insert('a', runs))
      if (runs === 1) await tx.query('select pg_terminate_backend(pg_backend_pid())')
    })
    expect(runs).toBe(2)
    expect(await totals()).toEqual([{ key: 'a', total: 2 }])
  })

  it('that does not pass ends as unavailable', async () => {
    const impatient = test.open({ lockTimeoutMs: 20 })
    const free = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const holder = database.inTransaction(async (tx) => {
      await tx.query(...insert('a'))
      locked.resolve()
      await free.promise
    })
    await locked.promise

    await expect(impatient.inTransaction((tx) => tx.query(...insert('a')))).rejects.toBeInstanceOf(
      Unavailable,
    )
    free.resolve()
    await holder
  })

  it('of idle connections is not noticed by anybody', async () => {
    await Promise.all([1, 2, 3].map(() => database.query('select 1')))
    await terminate(`state = 'idle'`)
    await until('the pool has recovered', async () => {
      await database.query('select 1')
      return true
    })
  })

  it('is not what a wrong statement is', async () => {
    let runs = 0
    const work = database.inTransaction((tx) => {
      runs++
      return tx.query('select * from no_such_table')
    })
    await expect(work).rejects.toMatchObject({ code: '42P01' })
    expect(runs).toBe(1)
  })
})

describe('an advisory lock', () => {
  it('that is not free in time is busy', async () => {
    const lock = { id: 42n, waitMs: 30 }
    const free = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const holder = database.inTransaction(
      async (tx) => {
        await tx.query('select 1')
        held.resolve()
        await free.promise
      },
      { lock },
    )
    await held.promise

    await expect(database.inTransaction((tx) => tx.query('select 1'), { lock })).rejects.toBeInstanceOf(
      LockBusy,
    )
    free.resolve()
    await holder
    await database.inTransaction((tx) => tx.query('select 1'), { lock })
  })

  it('does not shorten the other waits of its transaction', async () => {
    const { rows } = await database.inTransaction((tx) => tx.query('show lock_timeout'), {
      lock: { id: 7n, waitMs: 30 },
    })
    expect(rows).toEqual([{ lock_timeout: '2s' }])
  })
})

describe('a signal', () => {
  it('that is closed while its connection opens leaves none behind', async () => {
    const listening = Promise.withResolvers<void>()
    const mayListen = Promise.withResolvers<void>()
    const slow: Database = {
      ...database,
      connect: async (name) => {
        const client = await database.connect(name)
        const query = client.query.bind(client) as (text: string) => Promise<unknown>
        client.query = (async (text: string) => {
          listening.resolve()
          await mayListen.promise
          return query(text)
        }) as typeof client.query
        return client
      },
    }
    const signal = createSignal({
      database: slow,
      name: 'late-signal',
      channel: 'late',
      gapMs: 10,
      burst: 1,
      log: silentLog,
      onWords: () => undefined,
    })
    await listening.promise
    const closed = signal.close()
    mayListen.resolve()
    await closed

    await until('no connection of the signal', async () => {
      const { rows } = await database.query(
        `select from pg_stat_activity where application_name = 'late-signal'`,
      )
      return rows.length === 0
    })
  })
})

describe('rows', () => {
  it('hold instants as ISO 8601 and counts as safe integers', async () => {
    const { rows } = await database.query(
      `select '2026-01-02 03:04:05+00'::timestamptz as at, 12::bigint as count`,
    )
    expect(rows).toEqual([{ at: '2026-01-02T03:04:05.000Z', count: 12 }])
    await expect(database.query(`select 9007199254740993::bigint as count`)).rejects.toThrow(
      'not a safe integer',
    )
  })

  it('are inserted and replaced in one statement', async () => {
    await database.inTransaction((tx) => {
      insertRows(tx, 'tally', [
        { key: 'a', total: 1 },
        { key: 'b', total: 2 },
      ])
      saveRows(tx, 'tally', 'key', [
        { key: 'b', total: 3 },
        { key: 'c', total: 4 },
      ])
      saveRows(tx, 'tally', 'key', [])
      return Promise.resolve()
    })
    expect((await totals()).map(({ total }) => total)).toEqual([1, 3, 4])
    await expect(
      database.inTransaction((tx) => Promise.resolve(insertRows(tx, 'tally', [{ key: 'a', total: 1 }]))),
    ).rejects.toMatchObject({ code: '23505' })
  })
})

/** Ends the sessions of this database that match, once there is one. */
async function terminate(which: string): Promise<void> {
  const client = await database.connect('executioner')
  await until(`a session with ${which}`, async () => {
    const { rows } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and ${which}`,
    )
    return rows.length > 0
  })
  await client.end()
}
