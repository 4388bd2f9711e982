import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { RunningShop } from '@lepton/contracts/control'
import { type Fault, FAULT_ROUTES, type Faults as View } from '@lepton/contracts/faults'
import type { Problem } from '@lepton/contracts/problems'
import { freshKey } from '@lepton/testing/builders'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { until } from '@lepton/testing/until'
import { createActions } from '../src/actions.ts'
import { createFaults, type Faults } from '../src/faults/faults.ts'
import { faultRoutes } from '../src/faults/routes.ts'
import type { Launcher } from '../src/launcher.ts'
import { createMarks } from '../src/marks.ts'
import { createOnce } from '../src/once.ts'
import { useOps } from './ops-service.ts'

let shop: RunningShop | undefined
let nowMs = 0
const asked: string[] = []
/** The launcher as far as pauses and kills go. */
const launcher: Launcher = {
  running: () =>
    shop === undefined ? Promise.reject(new Error('no launcher')) : Promise.resolve(structuredClone(shop)),
  act: (action, name = '', seconds) => {
    asked.push([action, name, seconds].filter(Boolean).join(' '))
    const one = [
      ...shop!.instances.map((own) => ({ own, name: own.instance })),
      ...shop!.servers.map((own) => ({ own, name: own.name })),
    ].find((known) => known.name === name)!.own
    if (action === 'pause') one.status = 'paused'
    if (action === 'resume') one.status = 'ready'
    if (action === 'kill') Object.assign(one, { pid: one.pid! + 1, restarts: one.restarts + 1 })
    return Promise.resolve()
  },
  logs: () => Promise.resolve([]),
}
const marks = createMarks('boot')

function startOps(who: 'launcher' | 'none' = 'launcher'): Faults {
  const actions = createActions({
    launcher: who === 'launcher' ? launcher : undefined,
    runtime: who === 'launcher' ? 'local' : 'compose',
    isAnswering: () => who === 'launcher',
    marks,
    log: silentLog,
  })
  return createFaults({ actions, running: () => shop, log: silentLog, now: () => nowMs, killEveryMs: 5 })
}
let faults = startOps()
const ops = useOps(() =>
  faultRoutes(
    {
      view: () => faults.view(),
      start: (wish) => faults.start(wish),
      end: (id, by) => faults.end(id, by),
      endAll: (by) => faults.endAll(by),
      stop: () => faults.stop(),
    },
    { once: createOnce(), incomplete: () => [] },
  ),
)
let operator: Person
const start = (body: object, key = freshKey()) =>
  operator.post<Fault & Problem>('/ops/faults', { for_s: 30, reason: 'a test', ...body }, { key })
const end = (path = '') =>
  operator.delete<Fault & { ended: number }>(`/ops/faults${path}`, { reason: 'enough' }, { key: freshKey() })
const read = async () => (await operator.get<View>('/ops/faults')).body

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(async () => {
  await faults.stop()
  const process = { status: 'ready', pid: 7, restarts: 0, resumes_at: null }
  shop = {
    instances: [
      { instance: 'inventory-1', service: 'inventory', ...process },
      { instance: 'inventory-2', service: 'inventory', ...process },
      { instance: 'ops-1', service: 'ops', ...process },
    ],
    servers: [{ name: 'kafka', title: 'Kafka', ...process }],
  }
  asked.length = 0
  nowMs = Date.UTC(2026, 0, 1)
  faults = startOps()
})

describe('a fault', () => {
  it('stops a whole service for its time, and is in effect only where it is seen', async () => {
    const { status, body } = await start({ kind: 'stop_service', target: 'inventory' })
    expect([status, body.id, body.ends_at]).toEqual([
      201,
      'stop-service-inventory',
      '2026-01-01T00:00:30.000Z',
    ])
    expect(asked).toEqual(['pause inventory-1 30', 'pause inventory-2 30'])

    // One was killed from the command line, and runs again.
    shop!.instances[0]!.status = 'ready'
    expect((await read()).items).toMatchObject([
      {
        processes: [
          { name: 'inventory-1', in_effect: false },
          { name: 'inventory-2', in_effect: true },
        ],
      },
    ])
  })

  it('is over when its time is, and before that where it is ended', async () => {
    await start({ kind: 'pause', target: 'kafka', for_s: 10 })
    const ended = await end('/pause-kafka')
    expect(ended.body.processes).toEqual([{ name: 'kafka', in_effect: false }])
    expect(asked).toEqual(['pause kafka 10', 'resume kafka'])

    await start({ kind: 'pause', target: 'inventory-1', for_s: 10 })
    nowMs += 10_001
    shop!.instances[0]!.status = 'ready'
    expect((await read()).items).toEqual([])
    expect((await end('/pause-inventory-1')).status).toBe(404)
  })

  it('kills again and again until it is ended', async () => {
    await start({ kind: 'kill_again', target: 'inventory' })
    await until('both were killed twice', () => asked.length >= 4)
    expect((await read()).items).toMatchObject([{ kind: 'kill_again', processes: [{ in_effect: true }, {}] }])
    await end('/kill-again-inventory')
    const kills = asked.length
    expect((await read()).items).toEqual([])
    expect(asked.slice(0, 4)).toEqual([
      'kill inventory-1',
      'kill inventory-2',
      'kill inventory-1',
      'kill inventory-2',
    ])
    expect(asked).toHaveLength(kills)
  })

  it('that this process did not begin is shown with its end, and all are ended at once', async () => {
    Object.assign(shop!.servers[0]!, { status: 'paused', resumes_at: '2026-01-01T00:01:00.000Z' })
    await start({ kind: 'pause', target: 'inventory-1' })
    expect((await read()).items).toMatchObject([
      { target: 'inventory-1', reason: 'a test' },
      { target: 'kafka', who: null, ends_at: '2026-01-01T00:01:00.000Z', processes: [{ in_effect: true }] },
    ])

    expect((await end()).body.ended).toBe(2)
    expect((await read()).items).toEqual([])
    expect(shop!.servers[0]!.status).toBe('ready')
  })

  it('is begun once, however often it is asked for', async () => {
    const key = freshKey()
    const wish = { kind: 'pause', target: 'kafka' }
    await start(wish, key)
    expect((await start(wish, key)).status).toBe(201)
    expect(asked).toHaveLength(1)
    expect((await start({ kind: 'pause', target: 'kafka' })).status).toBe(409)
  })

  it.each([
    ['what there is not', { kind: 'pause', target: 'order-9' }, 404],
    ['ops, which could not end it', { kind: 'stop_service', target: 'ops' }, 404],
    ['more time than is allowed', { kind: 'pause', target: 'kafka', for_s: 301 }, 400],
    ['another kind', { kind: 'flood', target: 'kafka' }, 400],
  ])('is refused for %s', async (_name, body, status) => {
    expect((await start(body)).status).toBe(status)
    expect(asked).toEqual([])
  })

  it('is not known where the launcher does not answer: neither there nor not there', async () => {
    shop = undefined
    expect(await read()).toMatchObject({ is_known: false, items: [], catalogue: [] })
  })

  it('is not possible with Docker Compose, which has a command for it', async () => {
    faults = startOps('none')
    const { status, body } = await start({ kind: 'pause', target: 'kafka' })
    expect(status).toBe(409)
    expect(body.detail).toContain('docker compose pause')
  })
})

describeRefusals(ops, FAULT_ROUTES, {
  start_fault: { kind: 'pause', target: 'order-987654321', for_s: 1, reason: 'a test' },
  stop_fault: { reason: 'a test' },
  stop_faults: { reason: 'a test' },
})
