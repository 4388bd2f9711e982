import { z } from 'zod'
import { Instant, Reason } from './fields.ts'
import { partial } from './incomplete.ts'
import type { PublishingService } from './services.ts'
import { route } from './route.ts'

// The database knows no year 0; nothing of ours is older than this.
const RecentInstant = Instant.regex(/^[2-9]/, 'must be after the year 2000').meta({ format: 'date-time' })

/** Events made in [since, until) are sent to Kafka again; consumers drop what they know. */
export const Republish = z
  .strictObject({
    since: RecentInstant,
    until: RecentInstant,
    dry_run: z.boolean().default(false),
    reason: Reason,
  })
  .meta({
    examples: [
      {
        since: '2026-01-01T00:00:00Z',
        until: '2026-01-02T00:00:00Z',
        dry_run: true,
        reason: 'trying it out',
      },
    ],
  })
export type Republish = z.infer<typeof Republish>

const operator = { access: ['operator'] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false } as const

export function republishRoute(owner: PublishingService) {
  return route({
    operation: 'republish_own_events',
    owner,
    method: 'POST',
    path: '/ops/events/republish',
    summary: "Send the service's archived events to Kafka again",
    ...inside,
    body: Republish,
    answers: { 200: z.object({ events: z.int() }) },
    problems: [],
  })
}

export const republishEvents = route({
  operation: 'republish_events',
  owner: 'ops',
  method: 'POST',
  path: '/ops/events/republish',
  summary: 'Rebuild Kafka from the archives of the last 14 days: events of a time range are sent again',
  ...operator,
  body: Republish,
  answers: {
    200: z.object({ items: z.array(z.object({ service: z.string(), events: z.int() })), ...partial }),
  },
  problems: [],
})
