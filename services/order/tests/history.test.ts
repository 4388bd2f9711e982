import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { auditOrders } from '@lepton/contracts/audit'
import { StockReserved, StockStatus } from '@lepton/contracts/inventory'
import type { Order } from '@lepton/contracts/order'
import { PaymentAuthorized, PaymentStatus } from '@lepton/contracts/payment'
import type { OrderVersions } from '@lepton/contracts/ops-orders'
import type { OrderRebuild } from '@lepton/contracts/rebuilds'
import { eventRecord, eventsOf, freshKey } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { useOrderService } from './order-service.ts'

const shop = useOrderService()
const reason = 'a row looks wrong'
let alice: Person
let operator: Person
beforeEach(async () => {
  shop.ordinaryDay()
  alice = await shop.people.customer()
  operator = await shop.people.operator()
})

/** An order with three facts: placed, its stock held, confirmed with its payment. */
async function confirmed(): Promise<string> {
  const order_id = await shop.place(alice)
  await shop.broker.send([eventRecord(StockReserved, order_id, 1, { order_id })])
  await shop.settle()
  const money = { order_id, amount_minor: 2_500, currency: 'EUR' as const }
  await shop.broker.send([eventRecord(PaymentAuthorized, order_id, 1, money)])
  await shop.settle()
  return order_id
}

const get = <T = Order>(path: string) => alice.get<T & { detail: string; errors: object[] }>(path)
const rowOf = async (id: string) =>
  (
    await shop.database.query<{ row: string }>(
      'select o::text as row from order_stream o where order_id = $1',
      [id],
    )
  ).rows[0]?.row

async function rebuild(): Promise<OrderRebuild> {
  const begun = await operator.post<OrderRebuild>('/ops/rebuilds/orders', { reason }, { key: freshKey() })
  expect(begun.status).toBe(202)
  return finished()
}

function finished(): Promise<OrderRebuild> {
  return until('the rebuild to end', async () => {
    const { body } = await operator.get<OrderRebuild>('/ops/rebuilds/orders')
    return body.finished_at !== null && body
  })
}

describe('an order as it was', () => {
  it('is shown to operators after each of its facts, and up to a fact that is missing', async () => {
    const id = await confirmed()
    const versions = async () =>
      (await operator.get<OrderVersions>(`/ops/orders/${id}/versions`)).body.items.map(
        ({ version, status, stock, pay }) => `${version} ${status} ${stock} ${pay}`,
      )

    const all = await versions()
    expect(all.slice(0, 2)).toEqual(['1 PLACED pending pending', '2 RESERVED held pending'])
    expect(all.at(-1)).toMatch(/CONFIRMED held authorized$/)
    await unguarded('delete from order_events where order_id = $1 and version = 2', [id])
    expect(await versions()).toEqual(all.slice(0, 1))
    await unguarded('delete from order_events where order_id = $1', [id])
    await shop.database.query('delete from order_stream where order_id = $1', [id])
    expect((await operator.get(`/ops/orders/${newId()}/versions`)).status).toBe(404)
  })

  it('is the fold of its first facts, by version or by instant', async () => {
    const id = await confirmed()
    const now = (await get(`/orders/${id}`)).body
    const { items } = (await get<{ items: { version: number; at: string }[] }>(`/orders/${id}/events`)).body

    const [first, second] = [await get(`/orders/${id}?version=1`), await get(`/orders/${id}?version=2`)]
    const last = await get(`/orders/${id}?version=${now.version}`)
    const then = await get(`/orders/${id}?at=${items[1]!.at}`)

    expect(first.body).toMatchObject({ version: 1, status: 'PLACED', stock: 'pending', pay: 'pending' })
    expect(second.body).toMatchObject({ version: 2, status: 'RESERVED', stock: 'held', pay: 'pending' })
    expect(second.body.updated_at).toBe(items[1]!.at)
    expect(then.body).toEqual(second.body)
    expect(last.body).toEqual(now)
    expect(now).toMatchObject({ version: 4, status: 'CONFIRMED', pay: 'authorized' })
  })

  it('is not found where it has not come so far, had not begun, or is another customer’s', async () => {
    const id = await confirmed()
    const bob = await shop.people.customer()

    const [later, earlier] = [
      await get(`/orders/${id}?version=9`),
      await get(`/orders/${id}?at=2020-01-01T00:00:00Z`),
    ]
    const others = await bob.get(`/orders/${id}?version=1`)

    expect([later.status, earlier.status, others.status]).toEqual([404, 404, 404])
    expect(later.body.detail).toBe('The order has 4 versions, and none is 9.')
    expect(earlier.body.detail).toContain('The order was not there at 2020-01-01T00:00:00Z: it began at 2')
  })

  it.each([
    ['version=0', '?version'],
    ['version=1.5', '?version'],
    ['at=yesterday', '?at'],
    ['version=1&at=2026-01-01T00:00:00Z', '?at'],
  ])('cannot be asked for by %s', async (query, pointer) => {
    const answer = await get(`/orders/${newId()}?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toMatchObject([{ pointer }])
  })
})

describe('a rebuild', () => {
  it('leaves every byte as it was, and says so by a digest', async () => {
    const ids = [await confirmed(), await shop.place(alice, { mode: 'two_phase' })]
    const before = await Promise.all(ids.map(rowOf))

    const run = await rebuild()

    expect(run).toMatchObject({ share: 1, differed: 0, missing: 0, removed: 0, unreadable: 0 })
    expect(run.orders).toBeGreaterThanOrEqual(2)
    expect(run.digest_after).toBe(run.digest_before)
    expect(await Promise.all(ids.map(rowOf))).toEqual(before)
  })

  it('makes rows again that are not what their stream says', async () => {
    const id = await confirmed()
    const before = await rowOf(id)
    await shop.database.query(
      `update order_stream set status = 'COMPLETED', amount_minor = 1, lines = '[]', created_at = now(), version = 77
       where order_id = $1`,
      [id],
    )

    const run = await rebuild()

    expect(run.differed).toBe(1)
    expect(run.digest_after).not.toBe(run.digest_before)
    expect(await rowOf(id)).toBe(before)
  })

  it('brings a lost row back, which learns from the participants what it had heard', async () => {
    const id = await confirmed()
    const before = (await get(`/orders/${id}`)).body
    await shop.database.query('delete from order_stream where order_id = $1', [id])

    expect(await rebuild()).toMatchObject({ missing: 1, differed: 0 })

    expect((await get(`/orders/${id}`)).body).toEqual(before)
    await shop.settle()
    const published = eventsOf(shop.broker.records('order.v1'), id)
    expect(published.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['order.placed.v1', 1],
      ['order.confirmed.v1', 2],
      ['order.status_requested.v1', 3],
    ])
    await shop.broker.send([
      eventRecord(StockStatus, id, 2, { order_id: id, state: 'HELD' }),
      eventRecord(PaymentStatus, id, 2, { order_id: id, state: 'AUTHORIZED' }),
    ])
    await shop.settle()
    const { rows } = await shop.database.query(
      'select last_inv_seq, last_pay_seq from order_stream where order_id = $1',
      [id],
    )
    expect(rows).toEqual([{ last_inv_seq: 2, last_pay_seq: 2 }])
  })

  it('takes a row away that no fact is known of, and leaves one whose stream has a gap', async () => {
    const [untold, gap] = [newId(), await confirmed()]
    await shop.database.query(
      `insert into order_stream select (jsonb_populate_record(o, jsonb_build_object('order_id', $1::text))).*
       from order_stream o where order_id = $2`,
      [untold, gap],
    )
    await unguarded('delete from order_events where order_id = $1 and version = 2', [gap])
    const before = await rowOf(gap)

    expect(await rebuild()).toMatchObject({ removed: 1, unreadable: 1 })

    expect([await rowOf(untold), await rowOf(gap)]).toEqual([undefined, before])
    await unguarded('delete from order_events where order_id = $1', [gap])
    await shop.database.query('delete from order_stream where order_id = $1', [gap])
  })

  it('goes on behind the last batch that was committed, whichever process began it', async () => {
    const ids = [await confirmed(), await confirmed()].sort()
    const scrambled = `update order_stream set status = 'COMPLETED' where order_id = any($1::uuid[])`
    await shop.database.query(scrambled, [ids])
    await shop.database.query(
      `insert into order_rebuilds (run_id, who, reason, after_id, orders) values ($1, 'another', 'killed', $2, 1000)`,
      [newId(), ids[0]],
    )

    const joined = await operator.post<OrderRebuild>('/ops/rebuilds/orders', { reason }, { key: freshKey() })
    const run = await finished()

    expect(joined.body.who).toBe('another')
    expect(run).toMatchObject({ run_id: joined.body.run_id, share: 1 })
    expect(run.orders).toBeGreaterThan(1000)
    expect((await get(`/orders/${ids[0]}`)).body.status).toBe('COMPLETED')
    expect((await get(`/orders/${ids[1]}`)).body.status).toBe('CONFIRMED')
    expect((await rebuild()).differed).toBe(1)
  })

  it('lets decisions through that come in between, and loses none', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => shop.place(alice)))
    const runs = (async () => {
      for (let round = 0; round < 5; round++) await rebuild()
    })()
    await shop.broker.send(ids.map((order_id) => eventRecord(StockReserved, order_id, 1, { order_id })))
    const cancelled = await Promise.all(
      ids.slice(0, 10).map((id) => alice.post<{ status: string }>(`/orders/${id}/cancel`, {})),
    )
    await runs
    await shop.settle()

    expect(cancelled.map(({ status }) => status)).toEqual(cancelled.map(() => 202))
    const orders = await Promise.all(ids.map((id) => shop.order(alice, id)))
    expect(orders.map(({ stock }) => stock)).toEqual(ids.map(() => 'held'))
    expect(orders.map(({ reason }) => reason)).toEqual(
      ids.map((_, index) => (index < 10 ? 'CUSTOMER' : null)),
    )
  })

  it('is an operator’s, and is audited', async () => {
    await rebuild()

    expect((await alice.post('/ops/rebuilds/orders', { reason }, { key: freshKey() })).status).toBe(403)
    const { rows } = await shop.database.query(
      `select who, reason, result from ops_audit where action = 'rebuild' order by id desc limit 1`,
    )
    expect(rows).toEqual([{ who: operator.id, reason, result: 'begun' }])
  })
})

describe('the event store', () => {
  it.each([
    `update order_events set data = '{}'`,
    'delete from order_events',
    'truncate order_events',
    // Where triggers do not fire but those that always do.
    `select set_config('session_replication_role', 'replica', true); delete from order_events`,
  ])('refuses to %s', async (statements) => {
    await confirmed()
    const rewritten = shop.database.inTransaction(async (tx) => {
      for (const statement of statements.split('; ')) await tx.query(statement)
    })
    await expect(rewritten).rejects.toThrow('order_events is append-only')
  })

  it('is found wanting where a stream has lost its row, or can be rewritten', async () => {
    const id = await confirmed()
    const row = 'select * from order_stream where order_id = $1'
    const { rows } = await shop.database.query(row, [id])
    await shop.database.query('delete from order_stream where order_id = $1', [id])
    expect(await findings()).toContainEqual({
      invariant: 'I12',
      order_id: id,
      what: 'has facts and no row: rebuild the orders',
    })
    await shop.database.query(
      'insert into order_stream select * from jsonb_populate_record(null::order_stream, $1::jsonb)',
      [JSON.stringify(rows[0])],
    )
    await shop.database.query('alter table order_events disable trigger append_only')

    const found = await findings()

    await shop.database.query('alter table order_events enable always trigger append_only')
    expect(found.map(({ what }) => what)).toContain(
      'the event store can be rewritten: a trigger of order_events is off',
    )
    expect(await findings()).not.toContainEqual(expect.objectContaining({ invariant: 'I12' }))
  })
})

async function findings(): Promise<{ invariant: string; what: string }[]> {
  const { body } = await operator.get<{ findings: { invariant: string; what: string }[] }>(auditOrders.path)
  return body.findings
}

/** What only a person with the database's password could do. */
async function unguarded(statement: string, values: unknown[]): Promise<void> {
  await shop.database.query('alter table order_events disable trigger append_only')
  await shop.database.query(statement, values)
  await shop.database.query('alter table order_events enable always trigger append_only')
}
