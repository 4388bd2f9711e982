import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { closeServer, startServer } from '@lepton/common/http/server'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { type Alarm, ALARM_ROUTES, AlarmNotice, type Alarms as View } from '@lepton/contracts/alarms'
import { freshKey } from '@lepton/testing/builders'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { until } from '@lepton/testing/until'
import { type Alarms, createAlarms } from '../src/alarms/alarms.ts'
import { createAlarmLog } from '../src/alarms/log.ts'
import type { Around, Reading } from '../src/alarms/readings.ts'
import { alarmRoutes } from '../src/alarms/routes.ts'
import type { AlarmDefinition } from '../src/alarms/table.ts'
import { startWebhook } from '../src/alarms/webhook.ts'
import { createOnce } from '../src/once.ts'
import { createFakeControl, createKeys } from './fakes.ts'
import { useOps } from './ops-service.ts'

const AROUND = {} as Around
const keys = createKeys()
const control = createFakeControl()
let readings: Reading[] = []
const table: AlarmDefinition[] = [
  {
    name: 'OutboxWaits',
    group: 'events',
    words: 'events of {service} have waited {value}',
    severity: 'ticket',
    unit: 's',
    over: 'above',
    threshold: 5,
    for_s: 0,
    readings: () => readings,
    rule: String,
  },
]
const received: AlarmNotice[] = []
/** What the receiver answers, one after the other; 200 when there is nothing left to say. */
const answers: number[] = []
let receiver: Awaited<ReturnType<typeof startServer>>
let webhook: ReturnType<typeof startWebhook>
let alarms: Alarms
let operator: Person

function startOps(): Alarms {
  return createAlarms({
    control,
    history: createAlarmLog(keys, silentLog),
    webhook,
    log: silentLog,
    onChange: () => undefined,
    table,
  })
}
const ops = useOps(() =>
  alarmRoutes(
    { look: (around) => alarms.look(around), view: () => alarms.view(), one: (name) => alarms.one(name) },
    { control, once: createOnce(), incomplete: () => [] },
  ),
)
const read = async () => (await operator.get<View>('/ops/alarms')).body
async function look(value: number | null): Promise<void> {
  readings = [{ labels: { service: 'order' }, value }]
  await alarms.look(AROUND)
}

beforeAll(async () => {
  const listener = createServer((req, res) => {
    let body = ''
    req.on('data', (part) => (body += String(part)))
    req.on('end', () => {
      const status = answers.shift() ?? 200
      if (status === 200) received.push(AlarmNotice.parse(JSON.parse(body)))
      res.writeHead(status).end()
    })
  }).listeners('request')[0] as never
  receiver = await startServer(listener, { HOST: '127.0.0.1', PORT: 0 })
  operator = await ops.people.operator()
})
beforeEach(async () => {
  await webhook?.stop()
  const url = `http://127.0.0.1:${receiver.port}`
  webhook = startWebhook(
    url,
    { log: silentLog, metrics: createMetrics() },
    { backoff: { baseMs: 1, maxMs: 1 }, tries: 3 },
  )
  keys.keys.clear()
  keys.state.isAway = false
  Object.assign(control.state, { isAway: false, isContended: false })
  for (const key of control.values().keys()) await control.set(key, undefined, { who: '', why: '' })
  received.length = 0
  alarms = startOps()
})
afterAll(async () => {
  await webhook.stop()
  await closeServer(receiver.server)
})

describe('what is watched', () => {
  it('is raised once and cleared once, and both are recorded and delivered in order', async () => {
    for (const value of [1, 9, 9, 2, 2]) await look(value)

    await until('both are delivered', () => received.length === 2)
    const { items, history, webhook: delivery } = await read()
    expect(items).toMatchObject([{ name: 'OutboxWaits', state: 'ok', lines: [{ value: 2 }] }])
    expect(history.map(({ kind, what }) => `${kind}: ${what}`)).toEqual([
      'cleared: events of order have waited 2 s',
      'raised: events of order have waited 9 s',
    ])
    expect(received).toMatchObject([
      { status: 'firing', alerts: [{ labels: { alertname: 'OutboxWaits', service: 'order' } }] },
      { status: 'resolved' },
    ])
    expect(delivery).toEqual({ waiting: 0, delivered: 2, given_up: 0 })
  })

  it('is not green while it is unknown', async () => {
    await look(null)
    expect((await read()).items).toMatchObject([{ state: 'no_data', lines: [{ value: null }] }])
  })

  it('stays raised over a restart of ops, and is cleared by the next instance', async () => {
    await look(9)
    alarms = startOps()
    await look(9)
    expect((await read()).history).toHaveLength(1)

    await look(1)
    expect((await read()).history.map(({ kind }) => kind)).toEqual(['cleared', 'raised'])
  })

  it('is recorded and delivered by one of two instances', async () => {
    const other = startOps()
    readings = [{ labels: { service: 'order' }, value: 9 }]
    await Promise.all([alarms.look(AROUND), other.look(AROUND)])

    await until('it is delivered', () => received.length > 0)
    expect((await read()).history).toHaveLength(1)
    expect(webhook.view()).toMatchObject({ waiting: 0, delivered: 1 })
  })

  it('is delivered while Consul is away, says that it is not kept, and is recorded later, not delivered again', async () => {
    keys.state.isAway = true
    await look(9)
    await until('it is delivered', () => received.length === 1)
    expect(await read()).toMatchObject({ is_history_kept: false, history: [{ kind: 'raised' }] })

    keys.state.isAway = false
    await look(9)
    expect(await read()).toMatchObject({ is_history_kept: true, history: [{ kind: 'raised' }] })
    expect(received).toHaveLength(1)
  })

  it('begins its log again where it cannot be read', async () => {
    await keys.writeKey('lepton/alarms/log', '{"events":7}', 0)
    await look(9)
    expect((await read()).history).toHaveLength(1)
  })

  it('is delivered again to a receiver that failed, and given up after some tries', async () => {
    answers.push(500, 503)
    await look(9)
    await until('it is delivered', () => received.length === 1)

    answers.push(500, 500, 500)
    await look(1)
    await until('it is given up', () => webhook.view().given_up === 1)
    expect(received).toHaveLength(1)
  })
})

describe('an operator', () => {
  const set = (body: object, name = 'OutboxWaits') =>
    operator.put<Alarm>(`/ops/alarms/${name}`, { reason: 'too loud', ...body }, { key: freshKey() })

  it('changes a threshold while it runs, and takes it back; the trail has before and after', async () => {
    const changed = await set({ threshold: 20 })
    expect(changed).toMatchObject({ status: 200, body: { threshold: 20, default_threshold: 5, for_s: 0 } })
    await look(9)
    expect((await read()).items).toMatchObject([{ state: 'ok' }])

    expect((await set({})).body.threshold).toBe(5)
    await look(9)
    expect((await read()).items).toMatchObject([{ state: 'firing' }])
    expect(control.changes().slice(0, 2)).toMatchObject([
      { key: 'alarms/OutboxWaits', before: '{"threshold":20}', after: null },
      { before: null, after: '{"threshold":20}', why: 'too loud' },
    ])
  })

  it('silences one: it is raised and recorded, and not delivered', async () => {
    const silence = (for_s: number) =>
      operator.post<Alarm>(
        '/ops/alarms/OutboxWaits/silence',
        { for_s, reason: 'at work on it' },
        { key: freshKey() },
      )
    expect((await silence(60)).body.silent_until).not.toBeNull()
    await look(9)
    expect((await read()).history).toMatchObject([{ kind: 'raised' }])
    expect(webhook.view()).toEqual({ waiting: 0, delivered: 0, given_up: 0 })

    expect((await silence(0)).body.silent_until).toBeNull()
    await look(1)
    await until('the end is delivered', () => received.length === 1)
  })

  it('is refused what is no alarm, no threshold, changed by another, or cannot be kept', async () => {
    expect((await set({ threshold: 1, for_s: 1 }, 'NoSuchAlarm')).status).toBe(404)
    expect((await set({ threshold: -1, for_s: 1 })).status).toBe(400)
    control.state.isContended = true
    expect((await set({ threshold: 1, for_s: 1 })).status).toBe(409)
    control.state.isAway = true
    expect((await set({ threshold: 1, for_s: 1 })).status).toBe(503)
  })
})

describeRefusals(ops, ALARM_ROUTES, {
  set_alarm: { threshold: 1, for_s: 1, reason: 'a test' },
  silence_alarm: { for_s: 1, reason: 'a test' },
})
