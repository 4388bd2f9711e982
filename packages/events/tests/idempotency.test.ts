import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { useDatabase } from '@lepton/testing/database'
import type { Reply } from '@lepton/common/http/reply'
import { idempotently } from '../src/idempotency.ts'
import type { Database } from '../src/postgres/database.ts'
import type { Tx } from '../src/postgres/transaction.ts'
import { refuse } from '@lepton/common/runtime/problem'

const test = useDatabase('events')
let database: Database
let runs = 0

beforeAll(() => {
  database = test.open()
})
beforeEach(async () => {
  runs = 0
  await database.query('delete from tally')
  await database.query('delete from idempotency')
})

const request = {
  owner: 'alice',
  route: '/orders',
  key: 'key-0123456789ab',
  body: { lines: [1, 2], mode: 'saga' },
}

async function work(tx: Tx): Promise<Reply> {
  runs++
  await tx.query(
    `insert into tally (key, total) values ('a', 1) on conflict (key) do update set total = tally.total + 1`,
  )
  return { status: 202, body: { run: runs }, headers: { location: '/orders/1' } }
}

const effects = async () =>
  (await database.query<{ total: number }>('select total from tally')).rows.map(({ total }) => total)
const stored = async () => (await database.query('select from idempotency')).rows.length

describe('a request with a key', () => {
  it('runs once; its repeat gets the stored reply', async () => {
    const first = await idempotently(database, request, work)
    const again = await idempotently(database, request, work)

    expect(again).toEqual({ ...first, headers: { location: '/orders/1', 'idempotency-replayed': 'true' } })
    expect(await effects()).toEqual([1])
  })

  it('runs once for twins that come at the same time', async () => {
    const replies = await Promise.all(Array.from({ length: 6 }, () => idempotently(database, request, work)))

    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await effects()).toEqual([1])
  })

  it('is the same request however its body was written', async () => {
    await idempotently(database, request, work)
    await idempotently(database, { ...request, body: { mode: 'saga', lines: [1, 2] } }, work)
    expect(await effects()).toEqual([1])
  })

  it('is refused for another body', async () => {
    await idempotently(database, request, work)
    const other = idempotently(database, { ...request, body: { lines: [2, 1], mode: 'saga' } }, work)
    await expect(other).rejects.toMatchObject({ slug: 'idempotency-key-reused' })
    expect(await effects()).toEqual([1])
  })

  it('belongs to its owner and route', async () => {
    await idempotently(database, request, work)
    await idempotently(database, { ...request, owner: 'bob' }, work)
    await idempotently(database, { ...request, route: '/cart/checkout' }, work)
    expect(await effects()).toEqual([3])
  })

  it('answers 409 while the first is running longer than a repeat may wait', async () => {
    const goOn = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const first = idempotently(database, request, async (tx) => {
      const reply = await work(tx)
      begun.resolve()
      await goOn.promise
      return reply
    })
    await begun.promise

    await expect(idempotently(database, request, work)).rejects.toMatchObject({
      slug: 'request-in-progress',
      retryAfterS: 1,
    })
    goOn.resolve()
    await first
    expect(await effects()).toEqual([1])
  })
})

describe('a refusal', () => {
  const refusing = (retryAfterS?: number) => async (tx: Tx) => {
    await work(tx)
    const extra = {
      errors: [{ pointer: '/lines', detail: 'no' }],
      ...(retryAfterS !== undefined && { retryAfterS }),
    }
    throw refuse('not-found', 'Put something in first.', extra)
  }

  it('undoes what was done, and is the answer to its key from then on', async () => {
    await expect(idempotently(database, request, refusing())).rejects.toMatchObject({ slug: 'not-found' })
    await expect(idempotently(database, request, work)).rejects.toMatchObject({
      slug: 'not-found',
      message: 'Put something in first.',
      errors: [{ pointer: '/lines', detail: 'no' }],
    })
    expect(runs).toBe(1)
    expect(await effects()).toEqual([])
  })

  it('that asks to try again is not kept', async () => {
    await expect(idempotently(database, request, refusing(1))).rejects.toMatchObject({ slug: 'not-found' })
    expect((await idempotently(database, request, work)).status).toBe(202)
  })
})

describe('a crash', () => {
  it('leaves nothing behind: the same key works afterwards', async () => {
    const crash = idempotently(database, request, async (tx) => {
      await work(tx)
      throw new Error('a bug')
    })
    await expect(crash).rejects.toThrow('a bug')
    expect(await stored()).toBe(0)

    expect((await idempotently(database, request, work)).status).toBe(202)
    expect(await effects()).toEqual([1])
  })

  it('of the whole instance frees the key with its connection', async () => {
    const lost = idempotently(database, request, async (tx) => {
      const reply = await work(tx)
      if (runs === 1) await tx.query('select pg_terminate_backend(pg_backend_pid())')
      return reply
    })
    expect((await lost).status).toBe(202)
    expect(await effects()).toEqual([1])
    expect(await stored()).toBe(1)
  })
})

describe('a request without a key', () => {
  it('simply runs', async () => {
    await idempotently(database, { ...request, key: undefined }, work)
    await idempotently(database, { ...request, key: undefined }, work)
    expect(await effects()).toEqual([2])
    expect(await stored()).toBe(0)
  })
})
