import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockReserved } from '@lepton/contracts/inventory'
import type { OpsOrderHead } from '@lepton/contracts/ops-orders'
import { PaymentAuthorized } from '@lepton/contracts/payment'
import { eventRecord, eventsOf } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { useOrderService } from './order-service.ts'

interface Page {
  items: OpsOrderHead[]
  next_cursor: string | null
}
const shop = useOrderService()
const reason = 'the customer called'
let alice: Person
let operator: Person
beforeEach(async () => {
  shop.ordinaryDay()
  alice = await shop.people.customer()
  operator = await shop.people.operator()
})

async function list(query: string): Promise<string[]> {
  const { body } = await operator.get<Page>(`/ops/orders?query=${alice.id}&${query}`)
  return body.items.map(({ order_id }) => order_id)
}
const head = async (id: string) => (await operator.get<OpsOrderHead>(`/ops/orders/${id}/head`)).body
const set = (id: string, columns: string) =>
  shop.database.query(`update order_stream set ${columns} where order_id = $1`, [id])

describe('the orders of all customers', () => {
  it('are listed newest first, page by page, with what each waits for', async () => {
    const ids: string[] = []
    for (let count = 0; count < 3; count++) ids.unshift(await shop.place(alice))

    const first = await operator.get<Page>(`/ops/orders?query=${alice.id}&limit=2`)
    const rest = await operator.get<Page>(
      `/ops/orders?query=${alice.id}&limit=2&cursor=${first.body.next_cursor}`,
    )

    expect([...first.body.items, ...rest.body.items].map(({ order_id }) => order_id)).toEqual(ids)
    expect(rest.body.next_cursor).toBeNull()
    expect(first.body.items[0]).toMatchObject({
      customer_id: alice.id,
      waits_for: { step: 'stock_reserved', service: 'inventory' },
    })
    expect(JSON.stringify(first.body)).not.toContain('traceparent')
  })

  it('are found by view, status, reason, mode, age and id', async () => {
    const [open, stuck, cancelled] = [
      await shop.place(alice),
      await shop.place(alice),
      await shop.place(alice),
    ]
    await set(stuck, `updated_at = now() - interval '1 minute', created_at = now() - interval '1 hour'`)
    await set(
      cancelled,
      `status = 'CANCELLED', decision = 'CANCELLED', reason = 'EXPIRED', created_at = now()`,
    )

    expect(await list('view=in_flight')).toEqual([open, stuck])
    expect(await list('view=stuck')).toEqual([stuck])
    expect(await list('view=cancelled')).toEqual([cancelled])
    expect(await list('view=refunded')).toEqual([])
    expect(await list('reason=EXPIRED')).toEqual([cancelled])
    expect(await list('status=PLACED')).toEqual([open, stuck])
    expect(await list('mode=two_phase')).toEqual([])
    expect(await list('older_than_s=600')).toEqual([stuck])
    const { body } = await operator.get<Page>(`/ops/orders?query=${open}`)
    expect(body.items.map(({ order_id }) => order_id)).toEqual([open])
  })

  it('that only wait for their customer are not stuck', async () => {
    const id = await shop.place(alice, { payment_token: undefined })
    await set(id, `updated_at = now() - interval '1 minute', stock = 'held'`)

    expect([await list('view=in_flight'), await list('view=stuck')]).toEqual([[id], []])
  })
})

describe('an operator', () => {
  it('cancels on behalf of a customer what the state table lets be cancelled, and is in the audit trail', async () => {
    const id = await shop.place(alice)
    expect((await head(id)).allowed).toEqual({ cancel: true, refund: false, ask_status: true })

    const answer = await operator.post(`/ops/orders/${id}/cancel`, { reason })
    const again = await operator.post(`/ops/orders/${id}/cancel`, { reason })

    expect([answer.status, again.status]).toEqual([202, 200])
    expect(await shop.order(alice, id)).toMatchObject({ status: 'CANCELLING', reason: 'CUSTOMER' })
    const { rows } = await shop.database.query(
      'select who, action, reason, result from ops_audit where target = $1',
      [`order ${id}`],
    )
    expect(rows).toEqual([{ who: operator.id, action: 'cancel', reason, result: 'CANCELLING' }])
    expect((await head(id)).expected.map(({ step }) => step)).toEqual(['stock_released', 'payment_voided'])
  })

  it('is refused what the customer would be refused', async () => {
    const id = await shop.place(alice)
    const money = { order_id: id, amount_minor: 2_500, currency: 'EUR' as const }
    await shop.broker.send([
      eventRecord(StockReserved, id, 1, { order_id: id }),
      eventRecord(PaymentAuthorized, id, 1, money),
    ])
    await shop.settle()

    expect((await head(id)).allowed).toEqual({ cancel: false, refund: false, ask_status: true })
    const [cancel, refund] = [
      await operator.post(`/ops/orders/${id}/cancel`, { reason }),
      await operator.post(`/ops/orders/${id}/refund`, { reason }),
    ]
    expect(cancel).toMatchObject({ status: 409, body: { type: '/problems/order-settled' } })
    expect(refund).toMatchObject({ status: 409, body: { type: '/problems/order-not-ready' } })
  })

  it('has participants asked where they are, unless the order is settled', async () => {
    const id = await shop.place(alice)

    expect((await operator.post(`/ops/orders/${id}/ask-status`, { reason })).status).toBe(202)

    await shop.settle()
    const types = eventsOf(shop.broker.records('order.v1'), id).map(({ type }) => type)
    expect(types).toContain('order.status_requested.v1')
    await set(id, `status = 'CANCELLED'`)
    expect((await operator.post(`/ops/orders/${id}/ask-status`, { reason })).status).toBe(409)
    expect((await operator.post(`/ops/orders/${newId()}/cancel`, { reason })).status).toBe(404)
  })
})

describe('orders in progress', () => {
  it('are counted by where they are, with how long they have been there', async () => {
    const id = await shop.place(alice)
    await set(id, `updated_at = now() - interval '1 hour', stock = 'held', status = 'RESERVED'`)

    const { body } = await operator.get<{
      steps: {
        decision: string
        stock: string
        pay: string
        waits_for_customer: boolean
        count: number
        p95_s: number
      }[]
      stuck: { order_id: string; waits_for: { step: string } }[]
    }>('/ops/sagas')

    const step = body.steps.find(
      ({ decision, stock, waits_for_customer: isWaiting }) =>
        decision === 'OPEN' && stock === 'held' && !isWaiting,
    )!
    expect(step).toMatchObject({ pay: 'pending', count: 1 })
    expect(step.p95_s).toBeGreaterThan(3_000)
    expect(body.stuck).toContainEqual(
      expect.objectContaining({
        order_id: id,
        waits_for: expect.objectContaining({ step: 'payment_authorized' }),
      }),
    )
  })

  it('that met what cannot be are listed, newest first and page by page', async () => {
    const ids = [await shop.place(alice), await shop.place(alice)]
    for (const id of ids)
      await shop.database.query(
        `insert into order_anomalies (order_id, input, decision) values ($1, 'stock_committed', 'OPEN')`,
        [id],
      )

    const first = await operator.get<{ items: { order_id: string }[]; next_cursor: string }>(
      '/ops/anomalies?limit=1',
    )
    const second = await operator.get<{ items: object[] }>(
      `/ops/anomalies?limit=1&cursor=${first.body.next_cursor}`,
    )

    expect([first.body.items[0], second.body.items[0]]).toMatchObject([
      { order_id: ids[1], input: 'stock_committed' },
      { order_id: ids[0] },
    ])
  })
})

describe('the trail of an order', () => {
  it('has its events with their causes, where they were applied, and no card', async () => {
    const id = await shop.place(alice)
    const reserved = eventRecord(StockReserved, id, 1, { order_id: id })
    const money = { order_id: id, amount_minor: 2_500, currency: 'EUR' as const }
    const authorized = eventRecord(PaymentAuthorized, id, 1, money)
    await shop.broker.send([reserved, authorized])
    await shop.settle()

    const { body } = await operator.get<{
      events: { type: string; caused_by: string | null; instance: string; data: object }[]
    }>(`/ops/orders/${id}/trail`)
    const event_ids = [reserved, authorized].map(({ headers }) => headers.ce_id!)
    const applied = await operator.post<{ items: { event_id: string; at: string }[] }>(
      '/ops/events/applied',
      {
        event_ids: [...event_ids, newId()],
      },
    )

    expect(body.events.map(({ type, caused_by, instance }) => [type, caused_by, instance])).toEqual([
      ['order.placed.v1', null, 'order-1'],
      ['order.confirmed.v1', event_ids[1], 'order-1'],
    ])
    expect(JSON.stringify(body)).not.toContain('tok_')
    expect(applied.body.items.map(({ event_id }) => event_id).sort()).toEqual(event_ids.sort())
  })
})
