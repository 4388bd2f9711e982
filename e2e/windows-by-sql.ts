import type { Window } from '@lepton/contracts/windows'
import type { DatabaseOwner } from '@lepton/setup/services'

/** Figures of each minute in which something happened, by the minute's begin. */
export type Minutes = Record<string, Record<string, number>>

interface Counted {
  minute: string
  name: string
  count: number
}

const MINUTE = `date_trunc('minute', (headers->>'ce_time')::timestamptz)`

const ORDERS = `
  select ${MINUTE} as minute, 'orders' as name, count(*)::int as count
  from outbox where topic = 'order.v1' and type = 'order.placed.v1' group by 1
  union all
  select minute, reason, count(*)::int from (
    select distinct on (key) ${MINUTE} as minute, payload->>'reason' as reason
    from outbox where topic = 'order.v1' and type = 'order.cancelled.v1' order by key, pub_seq) first
  group by 1, 2
  union all
  select minute, 'in_flight', sum(amount) from (
    select ${MINUTE} as minute, (payload->>'amount_minor')::float8 as amount
    from outbox where topic = 'order.v1' and type = 'order.placed.v1'
    union all
    select minute, -amount from (
      select distinct on (key) key, ${MINUTE} as minute
      from outbox where topic = 'order.v1' and type in ('order.completed.v1', 'order.closed.v1') order by key, pub_seq) ended
    join (select key, (payload->>'amount_minor')::float8 as amount
      from outbox where topic = 'order.v1' and type = 'order.placed.v1') placed using (key)) change
  group by 1`

const MONEY = `
  select ${MINUTE} as minute, type as name, sum((payload->>'amount_minor')::float8) as count
  from outbox where topic = 'payment.v1' and type in ('payment.captured.v1', 'payment.refunded.v1') group by 1, 2`

/** What ops counts of the topics, by SQL: of every event once, by the minute that it says. */
export async function windowsBySql(
  query: (owner: DatabaseOwner, sql: string) => Promise<Counted[]>,
): Promise<Minutes> {
  const minutes: Minutes = {}
  for (const { minute, name, count } of [
    ...(await query('order', ORDERS)),
    ...(await query('payment', MONEY)),
  ]) {
    const from = new Date(minute).toISOString()
    minutes[from] = { ...minutes[from], [name]: count }
  }
  return withoutZeros(minutes)
}

/** The windows as SQL has them: the change of the money in flight instead of its sum, and nothing that did not happen. */
export function minutesOf(windows: readonly Window[]): Minutes {
  const counted = windows.map(
    ({ from, orders, revenue_minor, refunded_minor, cancelled, in_flight_minor }, index) => {
      const counts = {
        orders,
        'payment.captured.v1': revenue_minor,
        'payment.refunded.v1': refunded_minor,
        in_flight: in_flight_minor - (windows[index - 1]?.in_flight_minor ?? 0),
        ...cancelled,
      }
      return [from, counts] as const
    },
  )
  return withoutZeros(Object.fromEntries(counted))
}

function withoutZeros(minutes: Minutes): Minutes {
  const happened = Object.entries(minutes).map(
    ([from, counts]) =>
      [from, Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))] as const,
  )
  return Object.fromEntries(happened.filter(([, counts]) => Object.keys(counts).length > 0))
}
