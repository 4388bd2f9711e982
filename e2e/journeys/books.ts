import { expect, it } from '@jest/globals'
import type { Charge } from '@lepton/contracts/psp'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import { chargesOf, target } from './world.ts'

const FINISH_TIMEOUT_MS = 30_000
const QUESTIONS_AT_ONCE = 16
/** Jest compares thousands of orders line by line, for minutes and in gigabytes. */
const few = <T>(differing: readonly T[]): readonly T[] => differing.slice(0, 20)

/** Which charges the processor may have for a payment in a state. */
const CHARGES_OF: Record<string, Charge['state'][][]> = {
  CAPTURED: [['CAPTURED']],
  REFUNDED: [['REFUNDED']],
  VOIDED: [[], ['VOIDED'], ['EXPIRED']],
  DECLINED: [[], ['DECLINED']],
}
const PAYMENTS_OF: Record<string, string[]> = {
  COMPLETED: ['CAPTURED'],
  REFUNDED: ['REFUNDED'],
  CANCELLED: ['VOIDED', 'REFUNDED'],
  REJECTED: ['DECLINED', 'VOIDED'],
}
const RESERVATIONS_OF: Record<string, string[]> = {
  COMPLETED: ['COMMITTED'],
  REFUNDED: ['RESTOCKED'],
  CANCELLED: ['RELEASED', 'RESTOCKED'],
  REJECTED: ['REJECTED', 'RELEASED'],
}
const FINAL = Object.keys(PAYMENTS_OF)

interface OrderRow {
  order_id: string
  status: string
  version: number
  amount_minor: number
}
interface Fact {
  version: number
  type: string
  data: { stock?: string; status?: string }
}

/** One that an operator has had applied again is settled, and so is a given-up one of the hostile client's. */
const OPEN_LETTERS = `select * from dead_letter where status <> 'REPLAYED'
  and not (status = 'DISCARDED' and error_class = 'Untrusted')`

export function books(): void {
  it('finishes every order it accepted', async () => {
    await until(
      'every order is final, every event sent',
      async () => {
        const [open] = await target.query<{ n: number }>(
          'order',
          `select count(*)::int as n from order_stream where status not in ('${FINAL.join("', '")}')`,
        )
        const pending = await Promise.all(DATABASE_OWNERS.map((owner) => count(owner, 'outbox_pending')))
        return open?.n === 0 && pending.every((waiting) => waiting === 0)
      },
      { timeoutMs: FINISH_TIMEOUT_MS, everyMs: 200 },
    )
    const checkouts = await target.query<{ order_id: string }>('cart', 'select order_id from checkout')
    const orders = new Set((await listOrders()).map(({ order_id }) => order_id))
    expect(few(checkouts.filter(({ order_id }) => !orders.has(order_id)))).toEqual([])
  })

  it('has met nothing impossible, and nothing that could not be applied', async () => {
    expect(await target.query('order', 'select * from order_anomalies')).toEqual([])
    for (const owner of DATABASE_OWNERS) {
      expect([owner, await target.query(owner, OPEN_LETTERS)]).toEqual([owner, []])
    }
  })

  it('counts units as its ledger does, and holds none', async () => {
    const units = ['available', 'held', 'committed', 'received']
    const differing = await target.query(
      'inventory',
      `select s.* from stock s join (
         select product_id, ${units.map((unit) => `sum(d_${unit}) as ${unit}`).join(', ')}
         from stock_ledger group by product_id) l using (product_id)
       where (${units.map((unit) => `s.${unit}`).join(', ')}) is distinct from
             (${units.map((unit) => `l.${unit}`).join(', ')}) or s.held <> 0 or s.available < 0`,
    )
    const wrongCommitted = await target.query(
      'inventory',
      `select s.product_id from stock s left join (
         select product_id, sum(quantity) as n from reservation_item join reservation using (order_id)
         where state = 'COMMITTED' group by product_id) r using (product_id)
       where s.committed <> coalesce(r.n, 0)`,
    )

    expect([differing, wrongCommitted]).toEqual([[], []])
  })

  it('is, order by order, what its stream of facts says', async () => {
    const streams = await target.query<OrderRow & { facts: Fact[] }>(
      'order',
      `select o.order_id, o.status, o.version, jsonb_agg(
         jsonb_build_object('version', e.version, 'type', e.type, 'data', e.data) order by e.version) as facts
       from order_stream o join order_events e using (order_id) group by o.order_id`,
    )

    const differing = streams.filter(
      ({ status, version, facts }) =>
        fold(facts) !== status ||
        facts.length !== version ||
        facts.some((fact, index) => fact.version !== index + 1),
    )
    expect(few(differing)).toEqual([])
    expect(streams.length).toBe((await listOrders()).length)
  })

  it('agrees with its stock, its payments and the card processor about every order', async () => {
    const orders = await listOrders()
    const payments = new Map(
      (
        await target.query<{ order_id: string; state: string; amount_minor: number | null }>(
          'payment',
          'select order_id, state, amount_minor::float8 as amount_minor from payment',
        )
      ).map((payment) => [payment.order_id, payment]),
    )
    const reservations = new Map(
      (
        await target.query<{ order_id: string; state: string }>(
          'inventory',
          'select order_id, state from reservation',
        )
      ).map(({ order_id, state }) => [order_id, state]),
    )
    const charges = await chargesOfAll(orders.map(({ order_id }) => order_id))

    const differing = orders.flatMap(({ order_id, status, amount_minor }) => {
      const payment = payments.get(order_id)
      const reservation = reservations.get(order_id)
      const charged = charges.get(order_id) ?? []
      const states = charged.map(({ state }) => state)
      const agrees =
        PAYMENTS_OF[status]?.includes(payment?.state ?? '') &&
        RESERVATIONS_OF[status]?.includes(reservation ?? '') &&
        CHARGES_OF[payment?.state ?? '']?.some((known) => known.join() === states.join()) &&
        charged.every((charge) => charge.amount_minor === amount_minor)
      return agrees ? [] : [{ order_id, status, reservation, payment: payment?.state, states }]
    })
    expect(few(differing)).toEqual([])
    expect(payments.size).toBe(orders.length)
    expect(reservations.size).toBe(orders.length)
  })
}

function listOrders(): Promise<OrderRow[]> {
  return target.query('order', 'select order_id, status, version, amount_minor::float8 from order_stream')
}

async function count(owner: (typeof DATABASE_OWNERS)[number], table: string): Promise<number> {
  const [row] = await target.query<{ n: number }>(owner, `select count(*)::int as n from ${table}`)
  return row!.n
}

/** The status an order must have by its facts alone. */
function fold(facts: readonly Fact[]): string {
  let status = 'none'
  for (const { type, data } of facts) {
    if (type === 'order.placed.v1') status = 'PLACED'
    if (type === 'order.stock_changed.v1' && data.stock === 'held' && status === 'PLACED') status = 'RESERVED'
    if (type === 'order.confirmed.v1') status = 'CONFIRMED'
    if (type === 'order.cancelled.v1') status = 'CANCELLING'
    if (type === 'order.completed.v1') status = 'COMPLETED'
    if (type === 'order.closed.v1') status = data.status ?? 'none'
  }
  return status
}

async function chargesOfAll(orderIds: readonly string[]): Promise<Map<string, Charge[]>> {
  const found = new Map<string, Charge[]>()
  const left = [...orderIds]
  await Promise.all(
    Array.from({ length: QUESTIONS_AT_ONCE }, async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) found.set(id, await chargesOf(id))
    }),
  )
  return found
}
