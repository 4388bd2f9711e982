import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type ConsumingService, isConsuming, type PublishingService } from '@lepton/contracts/services'
import { actionsRoute, type OperatorAction } from '@lepton/contracts/ops-activity'
import { letterGroupsRoute } from '@lepton/contracts/dead-letter-groups'

const MAX_GROUPS = 100

const GROUPS = {
  error_class: 'error_class',
  event_type: `headers ->> 'ce_type'`,
  key: 'key',
  consumer: 'topic',
} as const

interface Group {
  value: string | null
  dead: number
  blocked: number
  first_failed_at: string
  last_failed_at: string
}

/** What operators did at a service, and its open dead letters in groups. */
export function opsListEndpoints(service: PublishingService, database: Database): Endpoint[] {
  const actions = answer(actionsRoute(service), async ({ query: { before, limit } }) => {
    const { rows } = await database.query<OperatorAction>(
      `select at, who, action, target, reason, result from ops_audit
       where $1::timestamptz is null or at < $1 order by id desc limit $2`,
      [before ?? null, limit],
    )
    return { status: 200, body: { items: rows } }
  })
  return isConsuming(service) ? [actions, groups(service, database)] : [actions]
}

function groups(service: ConsumingService, database: Database): Endpoint {
  return answer(letterGroupsRoute(service), async ({ query: { by } }) => {
    const { rows } = await database.query<Group>(
      `select ${GROUPS[by]} as value, count(*) filter (where status = 'DEAD')::int as dead,
         count(*) filter (where status = 'BLOCKED')::int as blocked,
         min(first_failed_at) as first_failed_at, max(first_failed_at) as last_failed_at
       from dead_letter where status in ('DEAD', 'BLOCKED') group by 1 order by count(*) desc, 1 limit $1`,
      [MAX_GROUPS],
    )
    return { status: 200, body: { items: rows } }
  })
}
