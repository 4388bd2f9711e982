import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { deadLetterRoutes } from '@lepton/contracts/dead-letter-routes'
import { actionsRoute, type LogLine, type OperatorAction } from '@lepton/contracts/ops-activity'
import { getOwnSagas, type Sagas } from '@lepton/contracts/ops-sagas'
import { letterGroupsRoute } from '@lepton/contracts/dead-letter-groups'
import { OPS_LIST_ROUTES } from '@lepton/contracts/ops-routes'
import { listUnsettledPayments } from '@lepton/contracts/payment-ops'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { createActions } from '../src/actions.ts'
import { createFleet } from '../src/fleet.ts'
import type { Launcher } from '../src/launcher.ts'
import { listRoutes } from '../src/list-routes.ts'
import { createMarks } from '../src/marks.ts'
import { useOps } from './ops-service.ts'

const marks = createMarks('boot')
const changes = [
  {
    key: 'services/order',
    who: 'ada',
    why: 'too slow',
    before: null,
    after: '{"policy":"latency"}',
    at: '2026-01-01T00:00:00.500Z',
  },
]
const line = (fields: object) =>
  JSON.stringify({
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    service: 'order',
    instance: 'order-1',
    ...fields,
  })
const asked: object[] = []
const launcher: Launcher = {
  running: () => Promise.resolve({ instances: [], servers: [] }),
  act: () => Promise.resolve(),
  logs: (request) => {
    asked.push(request)
    return Promise.resolve([
      line({ msg: 'first', order_id: 'an order' }),
      'a crash, and no JSON',
      line({ msg: 'second' }),
    ])
  },
}
const { logs } = createActions({ launcher, runtime: 'local', isAnswering: () => true, marks, log: silentLog })
const observer = {
  fleet: createFleet(() => undefined),
  sampler: { sample: () => Promise.resolve(), of: () => undefined },
  running: () => undefined,
}
const ops = useOps((mesh) => listRoutes({ mesh, observer, marks, changes: () => changes, logs }))
const { mesh } = ops
let operator: Person
const [order, other] = [newId(), newId()]
const AT = '2026-01-01T00:00:00.000Z'
let away: string | undefined

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(() => {
  away = undefined
  asked.length = 0
  const unless = (service: string, body: object) =>
    service === away ? { status: 503 } : { status: 200, body }
  const stuck = [order, other].map((order_id) => ({
    order_id,
    status: 'RESERVED',
    reason: null,
    updated_at: AT,
    asks: 2,
    waits_for: null,
  }))
  mesh.answer(getOwnSagas, ({ service }) => unless(service, { steps: [], stuck }))
  mesh.answer(deadLetterRoutes('order').list, ({ service }) =>
    unless(service, { items: [], next_cursor: null }),
  )
  const unsettled = {
    order_id: order,
    state: 'AUTHORIZING',
    operation: 'AUTH',
    amount_minor: 1,
    currency: 'EUR',
    charge_id: null,
    attempts: 4,
    generation: 0,
    last_error: '503',
    started_at: AT,
    next_at: AT,
  }
  mesh.answer(listUnsettledPayments, ({ service }) =>
    unless(service, { items: [unsettled], next_cursor: null }),
  )
  mesh.answer(letterGroupsRoute('order'), ({ service }) => {
    const count = { inventory: 1, payment: 5, order: 0 }[service as 'order']
    const group = { value: 'TypeError', dead: count, blocked: 0, first_failed_at: AT, last_failed_at: AT }
    return unless(service, { items: count === 0 ? [] : [group] })
  })
  mesh.answer(actionsRoute('order'), ({ service }) => {
    const act = { who: 'Ada', action: 'replay', target: 'dead letter 1', reason: 'why', result: 'REPLAYED' }
    return unless(service, { items: service === 'order' ? [{ at: AT, ...act }] : [] })
  })
})

describe('orders in progress', () => {
  it('that do not move have a reason each, as far as one can be seen', async () => {
    const { body } = await operator.get<Sagas>('/ops/sagas')

    expect(body.stuck.map(({ because, detail }) => [because, detail])).toEqual([
      ['processor_slow', '4 attempts: 503'],
      ['unknown', null],
    ])
  })

  it('are shown without the reasons of a service that is away, which is named', async () => {
    away = 'payment'

    const { body } = await operator.get<Sagas>('/ops/sagas')

    expect(body.stuck.map(({ because }) => because)).toEqual(['unknown', 'unknown'])
    expect(body.incomplete).toContainEqual({ service: 'payment', problem: 'unavailable' })
  })
})

it('dead letters are in groups with their service, the largest first', async () => {
  const { body } = await operator.get<{ items: { service: string }[] }>('/ops/dead-letters/groups')

  expect(body.items.map(({ service }) => service)).toEqual(['payment', 'inventory'])
})

it('what operators did is one list, newest first: at the services, and to processes', async () => {
  marks.add({ kind: 'action', name: 'order-1', what: 'kill: ended', who: 'Grace', reason: 'for the team' })
  marks.add({ kind: 'instance', name: 'order-1', what: 'is starting' })

  const { body } = await operator.get<{ items: OperatorAction[] }>('/ops/actions')
  const older = await operator.get<{ items: OperatorAction[] }>(
    '/ops/actions?before=2026-01-02T00:00:00.000Z',
  )

  expect(body.items).toMatchObject([
    { service: 'ops', who: 'Grace', action: 'kill', target: 'order-1', result: 'ended' },
    { service: 'ops', who: 'ada', action: 'set', target: 'services/order', reason: 'too slow' },
    { service: 'order', who: 'Ada', action: 'replay' },
  ])
  expect(older.body.items).toMatchObject([
    { service: 'ops', result: 'not set → {"policy":"latency"}' },
    { service: 'order' },
  ])
})

describe('logs', () => {
  it('are lines with their fields; what is no line of ours is left out', async () => {
    const { body } = await operator.get<{ items: LogLine[] }>(
      `/ops/logs?service=order&order_id=${order}&lines=10`,
    )

    expect(body.items).toMatchObject([
      { message: 'first', fields: { order_id: 'an order' } },
      { message: 'second' },
    ])
    expect(asked).toEqual([{ name: 'order', order_id: order, level: 'info', lines: 10 }])
  })

  it('are searched for words', async () => {
    const { body } = await operator.get<{ items: LogLine[] }>('/ops/logs?query=second')

    expect(body.items.map(({ message }) => message)).toEqual(['second'])
  })

  it('are elsewhere where Docker Compose runs the shop: the answer has the command', async () => {
    const deps = { runtime: 'compose', isAnswering: () => false, marks, log: silentLog } as const
    const elsewhere = createActions({ launcher: undefined, ...deps })

    await expect(elsewhere.logs({ service: 'order', level: 'info', lines: 10 })).rejects.toMatchObject({
      slug: 'not-possible-here',
      message: 'Type: docker compose logs order',
    })
  })
})

describeRefusals(
  ops,
  OPS_LIST_ROUTES.filter(({ owner }) => owner === 'ops'),
  {},
)
