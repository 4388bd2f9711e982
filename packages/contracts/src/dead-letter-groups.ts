import { z } from 'zod'
import { Instant } from './fields.ts'
import { partial } from './incomplete.ts'
import type { ConsumingService } from './services.ts'
import { route } from './route.ts'

const operator = { method: 'GET', access: ['operator'], problems: [] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false } as const

const GROUPED_BY = ['error_class', 'event_type', 'key', 'consumer'] as const
const GroupQuery = z.strictObject({ by: z.enum(GROUPED_BY).default('error_class') })
const LetterGroup = z.object({
  /** The error class, event type or key; the topic that is read, for `consumer`. */
  value: z.string().nullable(),
  dead: z.int(),
  blocked: z.int(),
  first_failed_at: Instant,
  last_failed_at: Instant,
})

export function letterGroupsRoute(owner: ConsumingService) {
  return route({
    ...inside,
    operation: 'group_own_dead_letters',
    owner,
    path: '/ops/dead-letters/groups',
    summary: "The service's open dead letters in groups",
    query: GroupQuery,
    answers: { 200: z.object({ items: z.array(LetterGroup) }) },
  })
}

export const groupDeadLetters = route({
  ...operator,
  operation: 'group_dead_letters',
  owner: 'ops',
  path: '/ops/dead-letters/groups',
  summary: 'Open dead letters of all services in groups, the largest first',
  query: GroupQuery,
  answers: {
    200: z.object({ ...partial, items: z.array(LetterGroup.extend({ service: z.string() })) }),
  },
})
