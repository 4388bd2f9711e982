import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createHttpApp } from '@lepton/common/http/app'
import { startServer } from '@lepton/common/http/server'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { ACTIONS, type Capabilities } from '@lepton/contracts/processes'
import { CONSOLE_ROUTES } from '@lepton/contracts/ops-routes'
import { type FlowRow, type ServiceView } from '@lepton/contracts/figures'
import { type Overview, type Pulse } from '@lepton/contracts/console'
import type { RunningShop } from '@lepton/contracts/control'
import type { Promises } from '@lepton/contracts/promises'
import { PROMISE_ROUTES } from '@lepton/contracts/promises'
import { freshKey } from '@lepton/testing/builders'
import { openEvents } from '@lepton/testing/events'
import { createIdentity } from '@lepton/testing/identity'
import { silentLog } from '@lepton/testing/log'
import { createFakeMesh } from '@lepton/testing/mesh'
import { type People, type Person, servePeople } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { until } from '@lepton/testing/until'
import { actRoutes } from '../src/act-routes.ts'
import { createActivity } from '../src/activity.ts'
import { createActions } from '../src/actions.ts'
import { consoleRoutes } from '../src/console-routes.ts'
import { createLauncher } from '../src/launcher.ts'
import { startLive } from '../src/live.ts'
import { createMarks } from '../src/marks.ts'
import { createAskInstance } from '../src/ask-instance.ts'
import { type Observer, startObserver } from '../src/observer.ts'
import { createOnce } from '../src/once.ts'
import { UNKNOWN_ORDERS } from '../src/order-tally.ts'
import { promiseRoutes } from '../src/promise-routes.ts'
import { createSeries } from '../src/series.ts'
import type { ShopState } from '../src/state.ts'
import { serveLauncher, startInstance } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'lepton-ops-'))
const identity = createIdentity('ops')
const mesh = createFakeMesh()
const marks = createMarks('boot')
const stops: (() => unknown)[] = []
const service = { identity } as { identity: typeof identity; people: People }
const running: RunningShop = {
  instances: ['order-1', 'order-2'].map((instance) => ({
    instance,
    service: 'order',
    status: 'ready',
    pid: process.pid,
    restarts: 0,
    resumes_at: null,
  })),
  servers: [{ name: 'kafka', title: 'Kafka 4', status: 'ready', pid: 7, restarts: 2, resumes_at: null }],
}
const checked: string[] = []
const rows: FlowRow[] = []
let launcher: Awaited<ReturnType<typeof serveLauncher>>
let orders: Awaited<ReturnType<typeof startInstance>>[]
let observer: Observer
let operator: Person

beforeAll(async () => {
  const psp = await startServer(createServer((_req, res) => res.end()).listeners('request')[0] as never, {
    HOST: '127.0.0.1',
    PORT: 0,
  })
  stops.push(() => psp.server.close())
  orders = [
    await startInstance('order', 'order-1', identity),
    await startInstance('order', 'order-2', identity),
  ]
  mesh.know(
    'order',
    orders.map(({ known }) => known),
  )
  const socket = join(folder, 'ops.sock')
  launcher = await serveLauncher(socket, running)
  const asking = createLauncher(socket)
  observer = startObserver({
    mesh,
    ask: createAskInstance(identity.signerOf('ops')),
    log: silentLog,
    launcher: asking,
    marks,
    activity: createActivity(),
    pspUrl: `http://127.0.0.1:${psp.port}`,
  })
  const state: ShopState = {
    observer,
    marks,
    series: createSeries(),
    orders: () => UNKNOWN_ORDERS,
    books: () => null,
  }
  const actions = createActions({
    launcher: asking,
    runtime: 'local',
    isAnswering: () => observer.running() !== undefined,
    marks,
    log: silentLog,
  })
  const live = startLive(
    state,
    () => ({ share: 1, rows: rows.splice(0) }),
    () => undefined,
  )
  const once = createOnce()
  const books = {
    latest: () => undefined,
    incomplete: () => [{ service: 'payment', problem: 'unavailable' }],
    isChecking: () => checked.length > 0,
    check: () => void checked.push('all orders'),
  }
  const endpoints = [
    ...consoleRoutes(state, actions),
    ...actRoutes(actions, once),
    ...promiseRoutes(books, { marks, log: silentLog, once }),
    ...live.endpoints,
  ]
  const deps = { log: silentLog, metrics: createMetrics(), verify: identity.verify, isReady: () => true }
  service.people = await servePeople(createHttpApp(deps, endpoints), identity)
  operator = await service.people.operator()
  stops.push(
    () => service.people.close(),
    () => live.stop(),
    () => observer.stop(),
    () => launcher.stop(),
  )
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
  for (const { kill } of orders) await kill()
  identity.remove()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  launcher.asked.length = 0
  launcher.act(() => undefined)
})

async function order(): Promise<ServiceView> {
  const { body } = await operator.get<{ items: ServiceView[] }>('/ops/services')
  return body.items.find((one) => one.service === 'order')!
}
const statesOf = ({ instances }: ServiceView) => instances.map(({ state }) => state)
const act = (path: string, body: object = {}, key = freshKey()) =>
  operator.post<{ observed: string }>(path, { reason: 'tried by a test', ...body }, { key })

describe('what is seen', () => {
  it('is green only after an instance has answered, and has figures only after it has answered twice', async () => {
    const seen = await until('both answered twice', async () => {
      const view = await order()
      return view.instances.every(({ figures }) => figures.requests_per_s !== null) && view
    })

    expect(seen).toMatchObject({
      expected: 2,
      figures: { requests_per_s: 0, p99_ms: null, dead_letters: null },
    })
    expect(statesOf(seen)).toEqual(['passing', 'passing'])
    expect(seen.instances[0]!.process).toEqual({ status: 'ready', pid: process.pid, restarts: 0 })
  })

  it('is no figure and no green where a service is not there: unknown is null, and it is named', async () => {
    const { body } = await operator.get<Overview>('/ops/overview')

    const payment = body.services.find((one) => one.service === 'payment')!
    expect(payment).toMatchObject({ instances: [], figures: { requests_per_s: null, outbox_pending: null } })
    expect(body.incomplete).toContainEqual({ service: 'payment', problem: 'unavailable' })
    expect(body.orders).toEqual(UNKNOWN_ORDERS)
    expect([body.kills, body.books]).toEqual([2, null])
  })

  it('is the same for any visitor, without what only operators may know', async () => {
    const { body } = await service.people.anyone().get<Pulse>('/pulse')

    expect(body.services.find((one) => one.service === 'order')!.instances[0]).toEqual({
      name: 'order-1',
      state: 'passing',
      since: expect.any(String),
    })
    expect(JSON.stringify(body)).not.toMatch(/pid|reason|because/)
    const events = await openEvents(`${service.people.url}/pulse/stream`)
    expect((await events.next())?.event).toBe('pulse')
    events.close()
  })

  it('changes when an instance dies, and says why', async () => {
    await orders[1]!.kill()

    const seen = await until('order-2 fails', async () => {
      const view = await order()
      return statesOf(view)[1] === 'failing' && view
    })

    expect(seen.instances[1]).toMatchObject({
      because: 'does not answer within 500 ms',
      figures: { requests_per_s: null },
    })
    expect(seen.expected).toBe(2)
  })
})

describe('an act', () => {
  it('is done when it was seen, and leaves who did it and why', async () => {
    launcher.act(() => {
      running.instances[0]!.pid = 4_711
    })

    const answer = await act('/ops/instances/order-1/kill')

    expect(answer).toMatchObject({ status: 200, body: { observed: 'ended' } })
    expect(launcher.asked).toEqual([['kill', 'order-1']])
    expect(marks.latest(1)[0]).toMatchObject({
      kind: 'action',
      what: 'kill: ended',
      who: operator.id,
      reason: 'tried by a test',
    })
  })

  it('is not called done where nothing was seen of it', async () => {
    expect((await act('/ops/instances/order-1/pause', { for_s: 2 })).body.observed).toBe('not seen')
    expect(launcher.asked).toEqual([['pause', 'order-1', '2']])
  })

  it('is done once for a key', async () => {
    const key = freshKey()
    const first = await act('/ops/services/order/instances', { count: 2 }, key)
    const again = await act('/ops/services/order/instances', { count: 2 }, key)
    const other = await act('/ops/services/order/instances', { count: 1 }, key)

    expect(again.body).toEqual(first.body)
    expect([again.headers['idempotency-replayed'], other.status]).toEqual(['true', 422])
    expect(launcher.asked).toEqual([
      ['add', 'order'],
      ['add', 'order'],
    ])
  })

  it('that the launcher refuses says why, and may be tried again with the same key', async () => {
    launcher.act(() => {
      throw new Error('order-2 is stopping.')
    })
    const key = freshKey()

    const refused = await act('/ops/instances/order-2/restart', {}, key)
    launcher.act(() => undefined)

    expect(refused).toMatchObject({ status: 404, body: { detail: 'order-2 is stopping.' } })
    expect((await act('/ops/instances/order-2/restart', {}, key)).status).toBe(202)
  })

  it('on what is not there is refused without asking the launcher, which may take longer than the answer', async () => {
    const refused = await act('/ops/instances/order-9/restart')

    expect(refused).toMatchObject({ status: 404, body: { detail: 'There is no order-9.' } })
  })

  it('on a server is another path, and none may be wiped but Kafka', async () => {
    expect((await act('/ops/instances/kafka/kill')).status).toBe(404)
    expect((await act('/ops/servers/postgres/wipe')).status).toBe(400)
    expect((await act('/ops/servers/kafka/wipe')).status).toBe(202)
  })

  it('is not possible without a launcher, which says what to type', async () => {
    const { capabilities, strike } = createActions({
      launcher: undefined,
      runtime: 'compose',
      isAnswering: () => false,
      marks,
      log: silentLog,
    })
    const { actions }: Capabilities = capabilities()

    for (const action of ACTIONS) expect(actions[action]).toMatchObject({ allowed: false })
    expect(actions.kill?.command).toContain('docker compose kill order')
    await expect(strike('kill', 'order', 1, { who: 'Ada', reason: 'why' })).rejects.toMatchObject({
      slug: 'not-possible-here',
      message: expect.stringContaining('docker compose kill order'),
    })
  })
})

it('what cannot be done while the launcher does not answer is said beforehand, and refused', async () => {
  const asking = createLauncher(join(folder, 'no.sock'))
  const deps = { runtime: 'local', isAnswering: () => false, marks, log: silentLog } as const
  const { capabilities, strike, begin } = createActions({ launcher: asking, ...deps })

  expect(capabilities().actions.kill).toMatchObject({ allowed: false, reason: expect.any(String) })
  const by = { who: 'Ada', reason: 'why' }
  await expect(strike('kill', 'order-1', 1, by)).rejects.toMatchObject({ slug: 'not-possible-here' })
  await expect(begin('restart', 'order-1', by)).rejects.toMatchObject({ slug: 'not-possible-here' })
})

describe('the stream of the console', () => {
  const open = (query = '', lastId?: string) =>
    openEvents(`${service.people.url}/ops/stream${query}`, {
      authorization: `Bearer ${operator.token}`,
      ...(lastId !== undefined && { 'last-event-id': lastId }),
    })

  it('begins with the figures, and has marks and steps as they happen', async () => {
    const events = await open()
    expect(await events.next()).toMatchObject({
      event: 'metrics',
      data: { kills: 2, services: expect.any(Array) },
    })

    rows.push([1, 'order', 'payment', 'event', 3])
    const flow = await until('the flow', async () => {
      const event = await events.next()
      return event?.event === 'flow' && event
    })
    expect(flow.data).toEqual({ share: 1, rows: [[1, 'order', 'payment', 'event', 3]] })
    marks.add({ kind: 'instance', name: 'order-1', what: 'answers' })
    const mark = await until('the mark', async () => {
      const event = await events.next()
      return event?.event === 'mark' && event
    })
    expect(mark).toMatchObject({ id: marks.latest(1)[0]!.id, data: { what: 'answers' } })
    events.close()
  })

  it('sends who comes back the marks since, or says that it cannot', async () => {
    marks.add({ kind: 'instance', name: 'order-1', what: 'the last that was seen' })
    const { id } = marks.latest(1)[0]!
    marks.add({ kind: 'instance', name: 'order-1', what: 'missed' })

    const [known, unknown] = [await open('?topics=mark', id), await open('?topics=mark', 'another-boot.7')]

    expect(await known.next()).toMatchObject({ event: 'mark', data: { what: 'missed' } })
    expect(await unknown.next()).toMatchObject({ event: 'resync', data: { because: 'unknown_id' } })
    known.close()
    unknown.close()
  })

  it('is for operators', async () => {
    const { token } = await service.people.customer()
    const refused = await openEvents(`${service.people.url}/ops/stream`, { authorization: `Bearer ${token}` })

    expect(refused.status).toBe(403)
  })
})

describe('promises', () => {
  it('are unknown before the first comparison, and two of them always: chaos alone can check them', async () => {
    const { body } = await operator.get<Promises>('/ops/promises')

    const states = Object.fromEntries(body.items.map(({ id, state }) => [id, state]))
    expect([states.I1, states.I9, states.I13]).toEqual(['unknown', 'only_by_chaos', 'only_by_chaos'])
    expect(body.items).toHaveLength(14)
    expect(body.incomplete).toEqual([{ service: 'payment', problem: 'unavailable' }])
  })

  it('are checked when an operator asks', async () => {
    const answer = await act('/ops/promises/check')

    expect(answer).toMatchObject({ status: 202, body: { is_checking: true } })
    expect(checked).toEqual(['all orders'])
  })
})

const BODY = { reason: 'the refusals' }
describeRefusals(
  service,
  [...CONSOLE_ROUTES, ...PROMISE_ROUTES].filter((route) => !('events' in route)),
  {
    add_instances: BODY,
    remove_instance: BODY,
    act_on_instance: BODY,
    act_on_server: BODY,
    check_promises: BODY,
  },
)
