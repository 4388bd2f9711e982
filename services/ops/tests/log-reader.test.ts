import { afterEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { OrderCompleted, OrderPlaced } from '@lepton/contracts/order'
import { PaymentCaptured } from '@lepton/contracts/payment'
import type { Broker, Subscriber } from '@lepton/events/broker'
import { createFakeBroker } from '@lepton/testing/broker'
import { eventRecord, placement } from '@lepton/testing/builders'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type LogFeed, startLogFeed } from '../src/log-feed.ts'
import { createLogReader, type LogReader } from '../src/log-reader.ts'
import { UNKNOWN_ORDERS } from '../src/order-tally.ts'

let feed: LogFeed
let reader: LogReader
afterEach(() => feed.stop())

function read(broker: Broker): void {
  feed = startLogFeed({ broker }, 'ops-boot', silentLog)
  reader = createLogReader(feed)
}

const from = (service: string, cause?: string) => ({
  headers: { ce_source: `/${service}/${service}-1`, ...(cause !== undefined && { ce_causationid: cause }) },
})

/** The events of a purchase, as the log has them. */
function purchase(id: string) {
  const money = { order_id: id, amount_minor: 700, currency: 'EUR' as const, processor_ms: 12 }
  return [
    eventRecord(OrderPlaced, id, 1, placement(id, { amount_minor: 700 }), from('order')),
    eventRecord(PaymentCaptured, id, 1, money, from('payment', newId())),
    eventRecord(OrderCompleted, id, 2, { order_id: id }, from('order', newId())),
  ]
}

describe('the log of events', () => {
  it('is read from its start, and counted once though everything comes twice', async () => {
    const broker = createFakeBroker()
    for (let count = 0; count < 3; count++) await broker.send(purchase(newId()))
    read(broker)
    await until('the log is read', () => broker.isIdle())
    await broker.send([{ topic: 'order.v1', key: 'x', value: 'no event', headers: {} }])
    await until('what is no event is passed over', () => broker.isIdle())

    expect(reader.orders()).toMatchObject({ accepted: 3, completed: 3, in_flight: 0, captured_minor: 2_100 })
  })

  it('shows the steps of orders, without their ids', async () => {
    const broker = createFakeBroker({ deliveries: 1 })
    read(broker)
    const id = newId()
    await broker.send(purchase(id))
    await until('the log is read', () => broker.isIdle())

    const { rows } = reader.flow.take()

    const steps = rows.map(([, source, target, kind]) => `${source} ${kind} ${target}`)
    expect(steps).toEqual(
      expect.arrayContaining([
        'gateway request order',
        'order event payment',
        'payment request psp',
        'payment event order',
      ]),
    )
    expect(new Set(rows.map(([order]) => order)).size).toBe(1)
    expect(JSON.stringify(rows)).not.toContain(id.slice(0, 8))
  })

  it('says nothing of orders before it was read to its end, nor while Kafka is away', async () => {
    const fake = createFakeBroker()
    const progress = { isAssigned: false, fetchedAtMs: performance.now(), stalledSinceMs: undefined }
    const broker: Broker = {
      ...fake,
      subscribe: (options): Subscriber => ({ ...fake.subscribe(options), progress: () => progress }),
    }
    await fake.send(purchase(newId()))
    read(broker)
    expect(reader.orders()).toEqual(UNKNOWN_ORDERS)

    progress.isAssigned = true
    await until('the log is read', () => fake.isIdle())
    expect(reader.orders().accepted).toBe(1)
    progress.fetchedAtMs = performance.now() - 20_000
    expect(reader.orders()).toEqual(UNKNOWN_ORDERS)
  })
})
