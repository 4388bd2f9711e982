import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type ConsumingService, isConsuming, type PublishingService } from '@lepton/contracts/services'
import { type Applied, appliedRoute, type TrailEvent, trailRoute } from '@lepton/contracts/ops-timeline'
import { shownLetter } from './shown-letter.ts'

const MAX_EVENTS = 200

/**
 * What a service knows of an order's way: its events, and when it applied those of others.
 *
 * @param keyOf the key of the service's own events about an order, where it is not the order's id
 */
export function trailEndpoints(
  service: PublishingService,
  database: Database,
  keyOf: (orderId: string) => Promise<string | undefined> = (orderId) => Promise.resolve(orderId),
): Endpoint[] {
  const trail = answer(trailRoute(service), async ({ params: { order_id } }) => {
    const key = await keyOf(order_id)
    const { rows: events } = await database.query<TrailEvent & { source: string }>(
      `select event_id, topic, type, pub_seq as sequence, headers ->> 'ce_source' as source, created_at as at,
         (headers ->> 'ce_causationid')::uuid as caused_by,
         substring(headers ->> 'traceparent' from '^[0-9a-f]{2}-([0-9a-f]{32})-') as trace_id, payload - 'payment_token' as data
       from outbox where key = $1 order by id limit $2`,
      [key ?? '', MAX_EVENTS],
    )
    return {
      status: 200,
      body: {
        events: events.map(({ source, ...event }) => ({ ...event, service, instance: instanceIn(source) })),
        dead: isConsuming(service) ? await lettersOf(service, database, order_id) : [],
      },
    }
  })
  return isConsuming(service) ? [trail, applied(service, database)] : [trail]
}

function applied(service: ConsumingService, database: Database): Endpoint {
  return answer(appliedRoute(service), async ({ body: { event_ids } }) => {
    const { rows } = await database.query<Applied>(
      'select event_id, sent_at, at from inbox where event_id = any($1::uuid[])',
      [event_ids],
    )
    return { status: 200, body: { items: rows } }
  })
}

async function lettersOf(service: ConsumingService, database: Database, key: string) {
  const { rows } = await database.query<Parameters<typeof shownLetter>[1]>(
    `select * from dead_letter where status in ('DEAD', 'BLOCKED') and key = $1 order by id limit $2`,
    [key, MAX_EVENTS],
  )
  return rows.map((letter) => shownLetter(service, letter))
}

/** `/order/order-1` → `order-1`. */
function instanceIn(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1)
}
