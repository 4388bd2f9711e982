import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createMarks } from '../src/marks.ts'
import { type LogFeed, startLogFeed } from '../src/log-feed.ts'
import { createOnce } from '../src/once.ts'
import { newId } from '@lepton/common/runtime/id'
import { OrderCancelled, OrderClosed, OrderCompleted, OrderPlaced } from '@lepton/contracts/order'
import { PaymentCaptured, PaymentRefunded } from '@lepton/contracts/payment'
import { type StreamRebuild, type Window, WINDOW_ROUTES } from '@lepton/contracts/windows'
import type { PartitionLag } from '@lepton/events/kafka/lag'
import { createFakeBroker } from '@lepton/testing/broker'
import { eventRecord, freshKey, placement } from '@lepton/testing/builders'
import { silentLog } from '@lepton/testing/log'
import { describeRefusals } from '@lepton/testing/route-suite'
import { until } from '@lepton/testing/until'
import { windowRoutes } from '../src/windows/routes.ts'
import { startWindowReader, type WindowReader } from '../src/windows/window-reader.ts'
import { useOps } from './ops-service.ts'

const MINUTE_MS = 60_000
/** The begin of a minute, and of an hour, a while ago. */
const NOON = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 2 * 3_600_000
const at = (minutes: number) => ({ headers: { ce_time: new Date(NOON + minutes * MINUTE_MS).toISOString() } })
const money = (order_id: string) => ({ order_id, amount_minor: 700, currency: 'EUR' as const })
const mode = 'saga' as const

let broker: ReturnType<typeof createFakeBroker>
let feed: LogFeed
let reader: WindowReader
let isReadable = true
const ends = { read: () => Promise.resolve(isReadable ? [{ end: 0, committed: 0 } as PartitionLag] : []) }
const marks = createMarks('boot')
const ops = useOps(() =>
  windowRoutes(new Proxy({} as WindowReader, { get: (_, name) => reader[name as keyof WindowReader] }), {
    name: 'ops-1',
    marks,
    once: createOnce(),
    log: silentLog,
  }),
)

beforeEach(() => {
  isReadable = true
  broker = createFakeBroker()
  const openFeed = (_number: number, topics?: readonly string[]) =>
    startLogFeed({ broker }, newId(), silentLog, topics)
  feed = openFeed(0)
  reader = startWindowReader({ feed, openFeed, ends, log: silentLog })
})
afterEach(() => Promise.all([reader.stop(), feed.stop()]))

async function send(records: Parameters<typeof broker.send>[0]): Promise<void> {
  await broker.send(records)
  await until('they are read', () => broker.isIdle())
}

const placed = (id: string, minute: number) =>
  eventRecord(OrderPlaced, id, 1, placement(id, { amount_minor: 700 }), at(minute))

/** A purchase that begins in one minute and ends in another. */
const purchase = (id: string, from: number, to: number) => [
  placed(id, from),
  eventRecord(PaymentCaptured, id, 1, money(id), at(to)),
  eventRecord(OrderCompleted, id, 2, { order_id: id }, at(to)),
]

/** Windows of minutes with something in them, by their minute. */
function minutes(): Record<number, Partial<Window>> {
  const all = reader.windows().list('minute', Date.now(), 1_440)
  return Object.fromEntries(
    all
      .filter(({ orders, revenue_minor, cancelled, refunded_minor }) => {
        return orders + revenue_minor + refunded_minor + Object.keys(cancelled).length > 0
      })
      .map(({ from, ...counts }) => [(Date.parse(from) - NOON) / MINUTE_MS, counts]),
  )
}

describe('windows', () => {
  it('hold what happened in their time, and the money in flight at their end', async () => {
    await send([...purchase(newId(), 0, 2), placed(newId(), 1)])

    expect(minutes()).toEqual({
      0: { orders: 1, revenue_minor: 0, refunded_minor: 0, cancelled: {}, in_flight_minor: 700 },
      1: { orders: 1, revenue_minor: 0, refunded_minor: 0, cancelled: {}, in_flight_minor: 1_400 },
      2: { orders: 0, revenue_minor: 700, refunded_minor: 0, cancelled: {}, in_flight_minor: 700 },
    })
    const [hour] = reader.windows().list('hour', NOON + MINUTE_MS, 24)
    expect(hour).toEqual({
      from: new Date(NOON).toISOString(),
      orders: 2,
      revenue_minor: 700,
      refunded_minor: 0,
      cancelled: {},
      in_flight_minor: 700,
    })
  })

  it('count an event once, however often it comes, and a late one in its own time', async () => {
    const [one, late] = [purchase(newId(), 30, 31), purchase(newId(), 5, 6)]
    await send(one)
    const before = minutes()

    await send([...one, ...one.toReversed(), ...late])
    await send([...late, ...one])

    expect(minutes()).toMatchObject({
      5: { orders: 1 },
      6: { revenue_minor: 700 },
      30: before[30]!,
      31: before[31]!,
    })
    expect(reader.windows().tally()).toMatchObject({ counted: 6, too_late: 0 })
  })

  it('count nothing that consumers could not read', async () => {
    const [id, body] = [placed(newId(), 0), placed(newId(), 0)]
    id.headers['ce_id'] = randomUUID()
    await send([id, { ...body, value: JSON.stringify({ order_id: body.key }) }, placed(newId(), 1)])

    expect(minutes()).toMatchObject({ 1: { orders: 1 } })
    expect(minutes()).not.toHaveProperty('0')
  })

  it('count a cancellation once, though its decision was published again, and a refund apart', async () => {
    const [rejected, refunded] = [newId(), newId()]
    const cancelled = (id: string, sequence: number, reason: 'DECLINED' | 'REFUND', minute: number) =>
      eventRecord(OrderCancelled, id, sequence, { order_id: id, mode, reason }, at(minute))
    const closed = (id: string, sequence: number, status: 'REJECTED' | 'REFUNDED', minute: number) =>
      eventRecord(OrderClosed, id, sequence, { order_id: id, status }, at(minute))

    await send([
      placed(rejected, 0),
      cancelled(rejected, 2, 'DECLINED', 1),
      cancelled(rejected, 3, 'DECLINED', 2),
      closed(rejected, 4, 'REJECTED', 3),
      ...purchase(refunded, 4, 5),
      cancelled(refunded, 3, 'REFUND', 6),
      cancelled(refunded, 4, 'REFUND', 7),
      eventRecord(PaymentRefunded, refunded, 2, money(refunded), at(8)),
      closed(refunded, 5, 'REFUNDED', 8),
    ])

    expect(minutes()).toMatchObject({
      0: { in_flight_minor: 700 },
      1: { cancelled: { DECLINED: 1 }, in_flight_minor: 700 },
      4: { in_flight_minor: 700 },
      5: { in_flight_minor: 0, revenue_minor: 700 },
      6: { cancelled: { REFUND: 1 }, in_flight_minor: 0 },
      8: { refunded_minor: 700, in_flight_minor: 0 },
    })
    expect(Object.keys(minutes())).toEqual(['0', '1', '4', '5', '6', '8'])
  })

  it('pass over what no service has written', async () => {
    await send([
      { topic: 'order.v1', key: 'x', value: 'no event', headers: {} },
      { ...placed(newId(), 0), value: '{' },
      ...purchase(newId(), 0, 0),
    ])
    expect(minutes()).toMatchObject({ 0: { orders: 1 } })
  })
})

describe('a rebuild of the windows', () => {
  it('counts everything again, while the old ones answer, and compares', async () => {
    const operator = await ops.people.operator()
    await send([...purchase(newId(), 0, 2), placed(newId(), 1)])
    const before = minutes()
    isReadable = false

    const begun = await operator.post<StreamRebuild>(
      '/ops/rebuilds/streams',
      { reason: 'a test' },
      { key: freshKey() },
    )
    await until('all is read again', () => broker.isIdle())
    expect(begun).toMatchObject({ status: 202, body: { finished_at: null } })
    expect(minutes()).toEqual(before)
    isReadable = true

    const run = await until('it has ended', async () => {
      const { body } = await operator.get<StreamRebuild>('/ops/rebuilds/streams')
      return body.finished_at !== null && body
    })
    expect(run).toMatchObject({ counted: 4, differed: 0 })
    expect(run.windows).toBeGreaterThan(60)
    expect(minutes()).toEqual(before)
    expect(marks.latest(1)).toMatchObject([{ name: 'streams', what: 'rebuild: begun' }])
  })

  it('shows the windows with what was counted, repeated and too late', async () => {
    const operator = await ops.people.operator()
    await until('it is current', () => reader.isCurrent())
    const order = purchase(newId(), 0, 2)
    await send([...order, ...order])

    const answer = await operator.get<{ windows: Window[] }>('/ops/streams/windows?per=hour&limit=3')

    expect(answer.body).toMatchObject({ instance: 'ops-1', is_current: true, counted: 3, too_late: 0 })
    expect(answer.body.windows).toHaveLength(3)
    expect(answer.body.windows[0]).toMatchObject({ orders: 1, revenue_minor: 700 })
  })

  it('shows them where the clocks of two processes differ, and an order ends before it was placed', async () => {
    const operator = await ops.people.operator()
    await send(purchase(newId(), 2, 1))

    const { status, body } = await operator.get<{ windows: Window[] }>(
      '/ops/streams/windows?per=minute&limit=1440',
    )

    expect(status).toBe(200)
    const inFlight = new Map(
      body.windows.map(({ from, in_flight_minor }) => [Date.parse(from), in_flight_minor]),
    )
    expect([1, 2].map((minute) => inFlight.get(NOON + minute * MINUTE_MS))).toEqual([-700, 0])
  })
})

describeRefusals(ops, WINDOW_ROUTES, { rebuild_streams: { reason: 'the refusals' } })
