import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { appliedRoute, type Timeline, type TrailEvent, trailRoute } from '@lepton/contracts/ops-timeline'
import { getOrderHead } from '@lepton/contracts/ops-orders'
import { getOrderMoney, getOrderStock } from '@lepton/contracts/ops-order-parts'
import { OPS_ORDER_ROUTES } from '@lepton/contracts/ops-routes'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { orderRoutes } from '../src/order-routes.ts'
import { useOps } from './ops-service.ts'

const ops = useOps((mesh) => orderRoutes(mesh))
const { mesh } = ops
const order_id = newId()
const AT = '2026-01-01T00:00:00.000Z'
const expected = [{ step: 'payment_authorized', service: 'payment', since: AT, deadline: AT }]
const head = {
  order_id,
  customer_id: newId(),
  status: 'RESERVED',
  decision: 'OPEN',
  reason: null,
  mode: 'saga',
  stock: 'held',
  pay: 'pending',
  amount_minor: 700,
  currency: 'EUR',
  deadline: AT,
  created_at: AT,
  updated_at: AT,
  waits_for: expected[0],
  lines: [],
  shortages: null,
  expected,
  allowed: { cancel: true, refund: false, ask_status: true },
}
const [placed, reserved] = [newId(), newId()]
const trail = (service: string, event_id: string, caused_by: string | null): TrailEvent => ({
  event_id,
  topic: `${service}.v1`,
  type: `${service}.something.v1`,
  sequence: 1,
  service,
  instance: `${service}-1`,
  at: AT,
  caused_by,
  data: {},
})
let operator: Person
let away: string | undefined

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(() => {
  away = undefined
  const unless = (service: string, body: object) =>
    service === away ? { status: 503 } : { status: 200, body }
  mesh.answer(getOrderHead, ({ service }) => unless(service, head))
  mesh.answer(getOrderStock, ({ service }) => unless(service, { state: 'HELD', hold_until: AT, ledger: [] }))
  mesh.answer(getOrderMoney, () => problemAnswer('not-found'))
  mesh.answer(trailRoute('order'), ({ service }) => {
    const events = {
      order: [trail('order', placed, null)],
      inventory: [trail('inventory', reserved, placed)],
    }
    return unless(service, { events: events[service as 'order'] ?? [], dead: [] })
  })
  mesh.answer(appliedRoute('payment'), ({ service }) => {
    const applied = [{ event_id: placed, sent_at: AT, at: AT }]
    return unless(service, { items: service === 'inventory' ? applied : [] })
  })
})

const timeline = async () => (await operator.get<Timeline>(`/ops/orders/${order_id}/timeline`)).body

describe('one order over all services', () => {
  it('is its head and the parts that there are: a service that has none yet is not a missing one', async () => {
    const { body } = await operator.get(`/ops/orders/${order_id}`)

    expect(body).toMatchObject({ order: { order_id }, stock: { state: 'HELD' }, money: null, incomplete: [] })
  })

  it('is shown without the part of a service that is away, which is named', async () => {
    away = 'inventory'

    const { body } = await operator.get(`/ops/orders/${order_id}`)

    expect(body).toMatchObject({
      order: { order_id },
      stock: null,
      incomplete: [{ service: 'inventory', problem: 'unavailable' }],
    })
  })

  it('is unknown where the order service says so, and unavailable without it', async () => {
    mesh.answer(getOrderHead, () => problemAnswer('not-found'))
    expect((await operator.get(`/ops/orders/${order_id}`)).status).toBe(404)
    mesh.answer(getOrderHead, () => ({ status: 503 }))
    expect((await operator.get(`/ops/orders/${order_id}`)).status).toBe(503)
  })
})

describe('its timeline', () => {
  it('has events of all services with who applied them, and what is still to come', async () => {
    const { events, expected: steps, incomplete } = await timeline()

    expect(events.map(({ event_id }) => event_id)).toEqual([placed, reserved])
    expect(events[0]!.consumed).toEqual([
      { service: 'inventory', sent_at: AT, at: AT },
      { service: 'payment', sent_at: null, at: null },
    ])
    expect([steps, incomplete]).toEqual([expected, []])
  })

  it('names a service that is away once, though it is asked for two things', async () => {
    away = 'payment'

    const { events, incomplete } = await timeline()

    expect(events).toHaveLength(2)
    expect(incomplete).toEqual([{ service: 'payment', problem: 'unavailable' }])
  })
})

describeRefusals(
  ops,
  OPS_ORDER_ROUTES.filter(({ owner }) => owner === 'ops'),
  {},
)
