import { expect, it } from '@jest/globals'
import type { Window } from '@lepton/contracts/windows'
import { until } from '@lepton/testing/until'
import { shopCommand } from './shop-command.ts'
import { operator, target } from './world.ts'

const MINUTE = `date_trunc('minute', (headers->>'ce_time')::timestamptz)`

interface Counted {
  minute: string
  name: string
  count: number
}

/** The same figures by SQL: of every event once, by the minute that it says. */
async function bySql(): Promise<Record<string, Record<string, number>>> {
  const rows = [
    ...(await target.query<Counted>(
      'order',
      `select ${MINUTE} as minute, 'orders' as name, count(*)::int as count
       from outbox where topic = 'order.v1' and type = 'order.placed.v1' group by 1
       union all
       select minute, reason, count(*)::int from (
         select distinct on (key) ${MINUTE} as minute, payload->>'reason' as reason
         from outbox where topic = 'order.v1' and type = 'order.cancelled.v1' order by key, pub_seq) first
       group by 1, 2`,
    )),
    ...(await target.query<Counted>(
      'payment',
      `select ${MINUTE} as minute, type as name, sum((payload->>'amount_minor')::int)::int as count
       from outbox where topic = 'payment.v1' and type in ('payment.captured.v1', 'payment.refunded.v1') group by 1, 2`,
    )),
  ]
  const minutes: Record<string, Record<string, number>> = {}
  for (const { minute, name, count } of rows) {
    const from = new Date(minute).toISOString()
    minutes[from] = { ...minutes[from], [name]: count }
  }
  return minutes
}

/** As SQL has them: without what did not happen. */
function asCounts(windows: readonly Window[]): Record<string, Record<string, number>> {
  const counted = windows.map(({ from, orders, revenue_minor, refunded_minor, cancelled }) => {
    const counts = {
      orders,
      'payment.captured.v1': revenue_minor,
      'payment.refunded.v1': refunded_minor,
      ...cancelled,
    }
    return [from, Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))] as const
  })
  return Object.fromEntries(counted.filter(([, counts]) => Object.keys(counts).length > 0))
}

async function windowsPer(per: 'minute' | 'hour', limit: number): Promise<Window[]> {
  const { status, body } = await operator.ask<{ windows: Window[]; is_current: boolean }>(
    'GET',
    `/api/v1/ops/streams/windows?per=${per}&limit=${limit}`,
  )
  if (status !== 200 || !body.is_current) throw new Error(`the windows are not current: ${status}`)
  return body.windows
}

/** The figures of the streams when the shop is at rest, after everything that the journeys have done to it. */
export function windows(): void {
  it('are what SQL says of the same events, minute by minute', async () => {
    const expected = await bySql()
    const counted = await until('all is counted', async () => {
      const counts = asCounts(await windowsPer('minute', 1_440))
      return JSON.stringify(counts).length >= JSON.stringify(expected).length && counts
    })

    expect(counted).toEqual(expected)
    const [order] = await target.query<{ orders: number }>(
      'order',
      'select count(*)::int as orders from order_stream',
    )
    const [ledger] = await target.query<{ captured: number }>(
      'payment',
      `select coalesce(sum(amount_minor), 0)::int as captured from payment_ledger where kind = 'CAPTURE'`,
    )
    const hours = await windowsPer('hour', 168)
    const sum = (name: 'orders' | 'revenue_minor') => hours.reduce((all, one) => all + one[name], 0)
    expect([sum('orders'), sum('revenue_minor')]).toEqual([order!.orders, ledger!.captured])
    expect(hours.at(-1)!.in_flight_minor).toBe(0)
  })

  it('come out the same when they are counted again, and orders when they are rebuilt', async () => {
    const before = asCounts(await windowsPer('minute', 1_440))

    const streams = await shopCommand(['rebuild', 'streams', '--reason', 'a journey'])
    const orders = await shopCommand(['rebuild', 'orders', '--reason', 'a journey'])

    expect(streams).toMatch(
      /events were counted again in .* s\nof \d+ minutes that were over, none came out otherwise/,
    )
    expect(orders).toMatch(/every byte is as it was/)
    expect(asCounts(await windowsPer('minute', 1_440))).toEqual(before)
  })
}
