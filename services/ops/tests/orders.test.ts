import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import { newId } from '@lepton/common/runtime/id'
import { appliedRoute, type Timeline, type TrailEvent, trailRoute } from '@lepton/contracts/ops-timeline'
import { getOrderHead } from '@lepton/contracts/ops-orders'
import type { OrderTrace } from '@lepton/contracts/ops-trace'
import { getOrderMoney, getOrderStock } from '@lepton/contracts/ops-order-parts'
import { OPS_ORDER_ROUTES } from '@lepton/contracts/ops-routes'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import type { AskInstance } from '../src/ask-instance.ts'
import { orderRoutes } from '../src/order-routes.ts'
import { traceRoute } from '../src/trace-route.ts'
import { useOps } from './ops-service.ts'

let askInstance: AskInstance
const ops = useOps((mesh) => [
  ...orderRoutes(mesh),
  traceRoute(mesh, (instance, path) => askInstance(instance, path)),
])
const { mesh } = ops
const TRACE_ID = 'a'.repeat(32)
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
  trace_id: TRACE_ID,
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

describe('its trace', () => {
  const span = (span_id: string, started_at_ms: number) => ({
    trace_id: TRACE_ID,
    span_id,
    parent_id: null,
    name: 'work',
    kind: 'internal',
    started_at_ms,
    duration_ms: 1,
    attributes: {},
    error: null,
  })
  const instance = (name: string): KnownInstance => ({
    id: name,
    name,
    address: '127.0.0.1',
    port: 1,
    tags: [],
    meta: {},
    isWarning: false,
    weight: 1,
    tier: 'verified',
  })

  it('joins the spans of every process in the order they began, and names a service that gives none', async () => {
    mesh.know('order', [instance('order-1')])
    mesh.know('cart', [instance('cart-1'), instance('cart-2')])
    const answers: Record<string, unknown> = {
      'order-1': [span('b'.repeat(16), 2)],
      'cart-1': [span('c'.repeat(16), 1)],
    }
    const asked = new Set<string>()
    askInstance = ({ name }, path) => {
      asked.add(path)
      return name in answers ? Promise.resolve(answers[name]) : Promise.reject(new Error('away'))
    }

    const { body } = await operator.get<OrderTrace>(`/ops/orders/${order_id}/trace`)

    expect(body.trace_ids).toEqual([TRACE_ID])
    expect(body.spans.map(({ instance: name }) => name)).toEqual(['cart-1', 'order-1'])
    expect(body.incomplete).toEqual([{ service: 'cart', problem: 'unavailable' }])
    expect([...asked]).toEqual([`/spans?trace_id=${TRACE_ID}`])
  })
})

describeRefusals(
  ops,
  OPS_ORDER_ROUTES.filter(({ owner }) => owner === 'ops'),
  {},
)
