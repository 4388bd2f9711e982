import { expect, it } from '@jest/globals'
import type { Window } from '@lepton/contracts/windows'
import { until } from '@lepton/testing/until'
import { minutesOf, windowsBySql } from '../windows-by-sql.ts'
import { shopCommand } from './shop-command.ts'
import { operator, target } from './world.ts'

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
    const expected = await windowsBySql((owner, sql) => target.query(owner, sql))
    const counted = await until('all is counted', async () => {
      const counts = minutesOf(await windowsPer('minute', 1_440))
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
    const before = minutesOf(await windowsPer('minute', 1_440))

    const streams = await shopCommand(['rebuild', 'streams', '--reason', 'a journey'])
    const orders = await shopCommand(['rebuild', 'orders', '--reason', 'a journey'])

    expect(streams).toMatch(
      /events were counted again in .* s\nof \d+ minutes that were over, none came out otherwise/,
    )
    expect(orders).toMatch(/every byte is as it was/)
    expect(minutesOf(await windowsPer('minute', 1_440))).toEqual(before)
  })
}
